// A streamed answer says what the same answer says that comes whole, wherever its values are split.
#include <gtest/gtest.h>

#include <random>

#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "common/text/json_escape.h"
#include "edge/pipeline/stream_masker.h"
#include "edge/testing/collected_stream.h"
#include "services/guardrails/marked_text_for_test.h"

namespace weir {
namespace {

using ::weir::testing::IsOk;
using ::weir::testing::RunUntilDone;
namespace pb = guardrails::v1;

// Puts marks in the place of values: "<EMAIL>".
class Replacing final : public guardrails::Parts {
 public:
  void Text(std::string_view text) override {
    out += text;
    at_ += text.size();
  }
  void Value(guardrails::Kind kind, std::string_view head) override {
    const std::string mark = "<" + std::string(guardrails::TestVocabulary().NameOf(kind)) + ">";
    out += mark;
    pb::Edit& edit = edits.emplace_back();
    edit.set_offset(static_cast<uint32_t>(at_));
    edit.set_length(static_cast<uint32_t>(head.size()));
    edit.set_replacement(mark);
    at_ += head.size();
  }
  void Tail(std::string_view more) override {
    at_ += more.size();
    // Of a stream the value may have come with an earlier piece.
    if (!edits.empty())
      edits.back().set_length(edits.back().length() + static_cast<uint32_t>(more.size()));
  }
  std::string out;
  std::vector<pb::Edit> edits;

 private:
  size_t at_ = 0;
};

// The scanner as a service.
class ScannerGuardrails final : public api::Guardrails {
 public:
  asio::awaitable<absl::StatusOr<pb::InspectResponse>> Inspect(
      api::CallContext, pb::InspectRequest request) override {
    pb::InspectResponse judged;
    judged.set_verdict(pb::VERDICT_EDIT);
    for (int i = 0; i < request.parts_size(); ++i) {
      Replacing replacing;
      guardrails::StreamScanner(guardrails::TestVocabulary())
          .Feed(request.parts(i).text(), true, replacing);
      for (pb::Edit& each : replacing.edits) {
        each.set_part(static_cast<uint32_t>(i));
        *judged.add_edits() = each;
      }
    }
    co_return judged;
  }
  asio::awaitable<absl::StatusOr<pb::InspectDeltaResponse>> InspectDelta(
      api::CallContext, pb::InspectDeltaRequest request) override {
    guardrails::StreamScanner scanner(guardrails::TestVocabulary());
    if (!request.state().empty()) {
      const absl::Status loaded = scanner.Load(request.state());
      if (!loaded.ok()) co_return loaded;
    }
    Replacing replacing;
    scanner.Feed(request.delta(), request.last(), replacing);
    pb::InspectDeltaResponse judged;
    judged.set_verdict(pb::VERDICT_ALLOW);
    judged.set_release(std::move(replacing.out));
    judged.set_state(scanner.Save());
    co_return judged;
  }
  std::shared_ptr<api::GuardrailsEvents> Watch(pb::WatchRequest, asio::any_io_executor) override {
    return nullptr;
  }
};

// Texts with a value each, of all kinds and in all sorts of company.
std::vector<std::string> Texts(size_t count) {
  constexpr std::string_view kValues[] = {"ann.lee@mail.example.co.uk",
                                          "4111 1111 1111 1111",
                                          "5500-0000-0000-0004",
                                          "541-41-5920",
                                          "GB29 NWBK 6016 1331 9268 19",
                                          "DE89370400440532013000",
                                          "(503) 275-7607",
                                          "+44 (0)20 7946 0958 ext. 12",
                                          "10.0.0.7",
                                          "fe80::cc1a:29eb:416b:f1d0",
                                          "sk-fQofT9Cqkjh0XOnx8euPT3BlbkFJbT",
                                          "EMP-1234",
                                          "Project Redwood"};
  constexpr std::string_view kBefore[] = {"",  "write to ", "\"",  "(",   "ssn ",
                                          "é", "call me: ", "😀 ", "a\\", "phone "};
  constexpr std::string_view kBehind[] = {"",   ".",  ", and", "\"", ")\n",
                                          " é", "/x", " 12",   "-",  "😀"};
  std::minstd_rand random(11);
  std::vector<std::string> texts;
  while (texts.size() < count) {
    std::string text;
    for (int i = 0; i < 2; ++i) {
      text += kBefore[random() / 7 % std::size(kBefore)];
      std::string value(kValues[random() / 7 % std::size(kValues)]);
      // Some are none.
      if (random() / 7 % 4 == 0) value[random() / 7 % value.size()] = '7';
      text += value;
      text += kBehind[random() / 7 % std::size(kBehind)];
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  text::AppendJsonString(quoted, text);
  return quoted;
}

class GuardedStreamsTest : public ::testing::Test {
 protected:
  // What becomes of `message` in an answer that comes whole.
  std::string Whole(std::string_view message) {
    const std::string body = fmt::format(R"({{"choices":[{{"index":0,"message":{}}}]}})", message);
    const auto judged = RunUntilDone(edge::Guard({service_}).JudgeAnswer({}, kPolicies, body, {}));
    EXPECT_THAT(judged, IsOk());
    edge::testing::CollectedStream collected;
    std::string event = judged->edited.value_or(body);
    event.replace(event.find("message"), 7, "delta");
    collected.Add("data: " + event + "\n\n");
    return collected.texts.begin()->second;
  }
  std::string Streamed(const std::vector<std::string>& deltas) {
    edge::StreamMasker masker(service_, {.policies = *kPolicies});
    edge::testing::CollectedStream collected;
    for (const std::string& each : deltas) {
      collected.Add(Fed(masker, fmt::format(R"({{"index":0,"delta":{}}})", each)));
    }
    collected.Add(Fed(masker, R"({"index":0,"delta":{},"finish_reason":"stop"})"));
    EXPECT_EQ(collected.finish_reasons.size(), 1U);
    return collected.texts.begin()->second;
  }

  const std::shared_ptr<const edge::GuardPolicies> kPolicies =
      std::make_shared<edge::GuardPolicies>(
          edge::GuardPolicies{.organization = "acme", .names = {"all"}});
  ScannerGuardrails service_;

 private:
  static std::string Fed(edge::StreamMasker& masker, std::string_view choice) {
    auto fed = RunUntilDone(masker.Feed({}, fmt::format("data: {{\"choices\":[{}]}}\n\n", choice)));
    EXPECT_THAT(fed, IsOk());
    return fed.ok() ? *std::move(fed) : "";
  }
};

bool IsBoundary(std::string_view text, size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

std::string Content(std::string_view text) { return "{\"content\":" + Quoted(text) + "}"; }

TEST_F(GuardedStreamsTest, ContentAtEverySplit) {
  size_t masked = 0;
  for (const std::string& text : Texts(500)) {
    const std::string want = Whole(Content(text));
    masked += want != text ? 1 : 0;
    const std::string_view view = text;
    for (size_t at = 0; at <= view.size(); ++at) {
      if (!IsBoundary(view, at)) continue;
      ASSERT_EQ(Streamed({Content(view.substr(0, at)), Content(view.substr(at))}), want)
          << text << " at " << at;
    }
  }
  EXPECT_GT(masked, 450U);
}

TEST_F(GuardedStreamsTest, ArgumentsAtEverySplit) {
  const auto message = [](std::string_view arguments) {
    return R"({"tool_calls":[{"index":0,"function":{"arguments":)" + Quoted(arguments) + "}}]}";
  };
  for (const std::string& text : Texts(60)) {
    std::string inner = Quoted(text);
    // As some write it.
    for (size_t at = inner.find('@'); at != std::string::npos; at = inner.find('@')) {
      inner.replace(at, 1, "\\u0040");
    }
    const std::string arguments = fmt::format(R"({{"q":{},"n":[1,{}]}})", inner, inner);
    const std::string_view view = arguments;
    const std::string want = Streamed({message(arguments)});
    // Whole answers keep the escapes of what they do not change: compared without them.
    simdjson::dom::parser parser, other;
    ASSERT_EQ(simdjson::minify(parser.parse(Whole(message(arguments)))),
              simdjson::minify(other.parse(want)));
    for (size_t at = 0; at <= view.size(); ++at) {
      if (!IsBoundary(view, at)) continue;
      ASSERT_EQ(Streamed({message(view.substr(0, at)), message(view.substr(at))}), want)
          << arguments << " at " << at;
    }
  }
}

TEST_F(GuardedStreamsTest, ContentByTheByte) {
  for (const std::string& text : Texts(100)) {
    std::vector<std::string> deltas;
    for (size_t at = 0, end = 0; at < text.size(); at = end) {
      for (end = at + 1; !IsBoundary(text, end); ++end) continue;
      deltas.push_back(Content(std::string_view(text).substr(at, end - at)));
    }
    ASSERT_EQ(Streamed(deltas), Whole(Content(text))) << text;
  }
}

}  // namespace
}  // namespace weir

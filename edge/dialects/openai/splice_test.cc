#include <gmock/gmock.h>
#include <simdjson.h>

#include <random>

#include "common/testing/status_matchers.h"
#include "edge/dialects/openai/request_body.h"
#include "edge/testing/padded.h"

namespace weir::edge::openai {
namespace {

using ::weir::edge::testing::Padded;
using ::weir::testing::IsOk;

constexpr std::string_view kHi = R"("messages":[{"role":"user","content":"hi"}])";

std::string SpliceChat(std::string_view json, const Changes& changes) {
  RequestReader reader;
  const Padded body(json);
  const auto read = reader.Read(routing::v1::API_KIND_CHAT, body.view());
  EXPECT_THAT(read, IsOk()) << json;
  return read.ok() ? Splice(body.view(), *read, changes) : "";
}

struct SpliceCase {
  std::string_view name;
  std::string json;
  Changes changes;
  std::string want;
};
class SpliceTest : public ::testing::TestWithParam<SpliceCase> {};

TEST_P(SpliceTest, ChangesOnlyWhatItMust) {
  const SpliceCase& each = GetParam();
  EXPECT_EQ(SpliceChat(each.json, each.changes), each.want);
}
std::string With(std::string_view members) { return fmt::format("{{{}}}", members); }
std::string With(std::string_view before, std::string_view behind) {
  return fmt::format("{{{}{}{}{}{}}}", before, before.empty() ? "" : ",", kHi,
                     behind.empty() ? "" : ",", behind);
}
INSTANTIATE_TEST_SUITE_P(
    Model, SpliceTest,
    ::testing::ValuesIn<SpliceCase>({
        {"NothingToDo", With(R"("model":"a")", ""), {}, With(R"("model":"a")", "")},
        {"SameModel",
         With(R"("model" :  "a" )", ""),
         {.model = "a"},
         With(R"("model" :  "a" )", "")},
        {"SameModelEscaped",
         With(R"("model":"\u0061")", ""),
         {.model = "a"},
         With(R"("model":"\u0061")", "")},
        {"OtherModel",
         With(R"("model" : "a" )", ""),
         {.model = "b-longer"},
         With(R"("model" : "b-longer" )", "")},
        {"ModelIsLast", With("", R"("model":"a")"), {.model = "b"}, With("", R"("model":"b")")},
        {"NoModel", With(kHi), {.model = "b"}, With(R"("model":"b")", "")},
        {"EscapedKey",
         With(R"("mod\u0065l":"a")", ""),
         {.model = "b"},
         With(R"("mod\u0065l":"b")", "")},
        {"ModelToBeEscaped",
         With(R"("model":"a")", ""),
         {.model = "b\"\\\n"},
         With(R"("model":"b\"\\\n")", "")},
        {"BlankFirst",
         " \n " + With(kHi) + " ",
         {.model = "b"},
         " \n " + With(R"("model":"b")", "") + " "},
        {"NotTheOneInside",
         With(R"("x":{"model":"a"},"model":"a")", ""),
         {.model = "b"},
         With(R"("x":{"model":"a"},"model":"b")", "")},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Cap, SpliceTest,
    ::testing::ValuesIn<SpliceCase>({
        {"Inserted", With(kHi), {.output_cap = 7}, With(R"("max_tokens":7)", "")},
        {"InsertedUnderItsName",
         With(kHi),
         {.output_cap = 7, .cap_field = "max_completion_tokens"},
         With(R"("max_completion_tokens":7)", "")},
        {"ReplacesTheClientsField",
         With("", R"("max_tokens": 100 )"),
         {.output_cap = 7, .cap_field = "max_completion_tokens"},
         With("", R"("max_tokens": 7 )")},
        {"ReplacesBoth",
         With(R"("max_completion_tokens":1)", R"("max_tokens":100)"),
         {.output_cap = 7},
         With(R"("max_completion_tokens":7)", R"("max_tokens":7)")},
        {"ReplacesNull",
         With("", R"("max_tokens":null)"),
         {.output_cap = 7},
         With("", R"("max_tokens":7)")},
        {"WithTheModel",
         With(R"("max_tokens":100)", R"("model":"a")"),
         {.model = "b", .output_cap = 7},
         With(R"("max_tokens":7)", R"("model":"b")")},
        {"BothInserted",
         With(kHi),
         {.model = "b", .output_cap = 7},
         With(R"("model":"b","max_tokens":7)", "")},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Usage, SpliceTest,
    ::testing::ValuesIn<SpliceCase>({
        {"Inserted",
         With("", R"("stream":true)"),
         {.ask_for_usage = true},
         With(R"("stream_options":{"include_usage":true})", R"("stream":true)")},
        {"IntoEmptyOptions",
         With("", R"("stream_options":{ })"),
         {.ask_for_usage = true},
         With("", R"("stream_options":{"include_usage":true })")},
        {"BesideOtherOptions",
         With("", R"("stream_options":{ "x":1})"),
         {.ask_for_usage = true},
         With("", R"("stream_options":{"include_usage":true, "x":1})")},
        {"InPlaceOfNull",
         With("", R"("stream_options":null)"),
         {.ask_for_usage = true},
         With("", R"("stream_options":{"include_usage":true})")},
        {"InPlaceOfFalse",
         With("", R"("stream_options":{"include_usage": false})"),
         {.ask_for_usage = true},
         With("", R"("stream_options":{"include_usage": true})")},
        {"InPlaceOfNullInside",
         With("", R"("stream_options":{"include_usage":null,"x":1})"),
         {.ask_for_usage = true},
         With("", R"("stream_options":{"include_usage":true,"x":1})")},
        {"AskedAlready",
         With("", R"("stream_options":{"include_usage":true})"),
         {.ask_for_usage = true},
         With("", R"("stream_options":{"include_usage":true})")},
        {"Everything",
         With(R"("stream_options":{},"stream":true,"model":"a")", ""),
         {.model = "b", .output_cap = 7, .ask_for_usage = true},
         With(R"("max_tokens":7,"stream_options":{"include_usage":true},"stream":true,"model":"b")",
              "")},
    }),
    [](const auto& info) { return std::string(info.param.name); });

// --- Property: what comes out, parsed, is what went in with the changes and nothing else.
// -----------------

namespace dom = simdjson::dom;

std::string Canonical(dom::element value) {
  std::ostringstream text;
  text << simdjson::minify(value);
  return text.str();
}

// What the changes mean for one member of the request; none: it stays.
std::optional<std::string> Changed(std::string_view key, dom::element value,
                                   const Changes& changes) {
  if (key == "model" && !changes.model.empty()) return fmt::format("\"{}\"", changes.model);
  if ((key == "max_tokens" || key == "max_completion_tokens") && changes.output_cap) {
    return std::to_string(*changes.output_cap);
  }
  if (key == "stream_options" && changes.ask_for_usage) {
    std::string members;
    bool seen = false;
    dom::object options;
    if (value.get(options) == simdjson::SUCCESS) {
      for (const auto field : options) {
        const bool flag = field.key == "include_usage";
        seen = seen || flag;
        members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",",
                               std::string_view(field.key), flag ? "true" : Canonical(field.value));
      }
    }
    if (!seen) {
      members = std::string(R"("include_usage":true)") + (members.empty() ? "" : ",") + members;
    }
    return "{" + members + "}";
  }
  return std::nullopt;
}

void ExpectOnlyTheChanges(std::string_view original, std::string_view spliced,
                          const Changes& changes) {
  dom::parser before_parser;
  dom::parser behind_parser;
  dom::object before;
  dom::object behind;
  const std::string before_text(original);
  const std::string behind_text(spliced);
  ASSERT_EQ(before_parser.parse(before_text).get(before), simdjson::SUCCESS);
  ASSERT_EQ(behind_parser.parse(behind_text).get(behind), simdjson::SUCCESS) << spliced;
  size_t kept = 0;
  for (const auto field : before) {
    dom::element now;
    ASSERT_EQ(behind[field.key].get(now), simdjson::SUCCESS) << spliced;
    EXPECT_EQ(Canonical(now),
              Changed(field.key, field.value, changes).value_or(Canonical(field.value)));
    ++kept;
  }
  // Further members are only those that the changes ask for.
  for (const auto field : behind) {
    if (before[field.key].error() == simdjson::SUCCESS) continue;
    ++kept;
    EXPECT_EQ(Changed(field.key, field.value, changes), Canonical(field.value)) << spliced;
  }
  EXPECT_EQ(behind.size(), kept);
}

class RandomChat {
 public:
  explicit RandomChat(uint32_t seed) : random_(seed) {}

  std::string Make() {
    std::vector<std::string> members = {
        R"("messages":[{"role":"user","content":"{\"model\":1}"}])"};
    if (Coin()) members.push_back(Key("model") + Blank() + Pick({R"("a")", R"("a\u0062")"}));
    if (Coin()) members.push_back(Key("stream") + Pick({"true", "false", "null"}));
    if (Coin()) members.push_back(Key("max_tokens") + Pick({"5", "null", "900"}));
    if (Coin()) members.push_back(Key("max_completion_tokens") + Pick({"5", "null"}));
    if (Coin()) {
      members.push_back(Key("stream_options") +
                        Pick({"null", "{}", "{ }", R"({"include_usage":false})",
                              R"({"include_usage" : null, "x":{}})", R"({"x":"}"})",
                              R"({"y":[],"include_usage":true})"}));
    }
    if (Coin()) members.push_back(R"("tools":[{"model":"x","max_tokens":1}])");
    if (Coin()) members.push_back(R"("user":"\"stream_options\":{")");
    std::shuffle(members.begin(), members.end(), random_);
    std::string json = Blank() + "{" + Blank();
    for (size_t i = 0; i < members.size(); ++i) {
      json += (i > 0 ? "," : "") + Blank() + members[i] + Blank();
    }
    return json + "}" + Blank();
  }
  Changes Change() {
    Changes changes;
    if (Coin()) changes.model = "upstream";
    if (Coin()) changes.output_cap = 77;
    if (Coin()) changes.cap_field = "max_completion_tokens";
    changes.ask_for_usage = Coin();
    return changes;
  }

 private:
  bool Coin() { return random_() % 2 == 0; }
  std::string Pick(std::vector<std::string> from) { return from[random_() % from.size()]; }
  std::string Blank() { return Pick({"", "", " ", "\n\t"}); }
  std::string Key(std::string name) { return "\"" + name + "\"" + Blank() + ":" + Blank(); }

  std::minstd_rand random_;
};

TEST(SplicePropertyTest, TheRestOfTheRequestStaysAsItIs) {
  RandomChat random(20251121);
  for (int i = 0; i < 3'000 && !::testing::Test::HasFailure(); ++i) {
    const std::string json = random.Make();
    const Changes changes = random.Change();
    ExpectOnlyTheChanges(json, SpliceChat(json, changes), changes);
  }
}

}  // namespace
}  // namespace weir::edge::openai

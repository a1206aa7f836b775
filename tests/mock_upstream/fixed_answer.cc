#include "tests/mock_upstream/fixed_answer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>
#include <iterator>

namespace weir::mock {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kSample =
    R"({"id":"chatcmpl-mock777","object":"chat.completion","created":1700000000,)"
    R"("model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":)"
    R"("Hello! This response came through your local WSO2 AI Gateway — no real OpenAI call was )"
    R"(made."},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}})";

template <typename T>
absl::Status Read(dom::element answer, std::string_view pointer, T& to) {
  if (answer.at_pointer(pointer).get(to) == simdjson::SUCCESS) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("reading the canned answer: want a value at {}", pointer));
}

absl::StatusOr<FixedAnswer> Parse(std::string_view json) {
  dom::parser parser;
  dom::element answer;
  if (parser.parse(json.data(), json.size()).get(answer) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("reading the canned answer: not JSON");
  }
  dom::element wrapped;
  if (answer.at_pointer("/response/jsonBody").get(wrapped) == simdjson::SUCCESS) answer = wrapped;

  FixedAnswer fixed;
  std::string_view id, model, text;
  for (const absl::Status& read :
       {Read(answer, "/id", id), Read(answer, "/created", fixed.created),
        Read(answer, "/model", model), Read(answer, "/choices/0/message/content", text),
        Read(answer, "/usage/prompt_tokens", fixed.usage.prompt),
        Read(answer, "/usage/completion_tokens", fixed.usage.completion)}) {
    if (!read.ok()) return read;
  }
  fixed.json = simdjson::minify(answer);
  fixed.id = id;
  fixed.model = model;
  fixed.text = text;
  return fixed;
}

}  // namespace

FixedAnswer SampleAnswer() { return *Parse(kSample); }

absl::StatusOr<FixedAnswer> LoadAnswer(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("opening the canned answer {}", path));
  const std::string json{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return Parse(json);
}

}  // namespace weir::mock

#include "edge/dialects/responses/answer.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/text/token_scan.h"
#include "edge/dialects/openai/usage_parts.h"

namespace weir::edge::responses {

namespace dom = simdjson::dom;

namespace {

// Members of an output item that the model wrote; its ids, types, marks and sources are not text.
constexpr std::array<std::string_view, 6> kTexts = {"text",  "refusal", "arguments",
                                                    "input", "code",    "transcript"};

bool IsText(std::string_view key) {
  return std::find(kTexts.begin(), kTexts.end(), key) != kTexts.end();
}

void Feed(dom::element value, std::string_view key, text::TokenScan& scan) {
  if (value.type() == dom::element_type::STRING) {
    if (IsText(key)) scan.Feed(value.get_string().value_unsafe());
  } else if (value.type() == dom::element_type::ARRAY) {
    for (const dom::element each : value.get_array().value_unsafe()) Feed(each, key, scan);
  } else if (value.type() == dom::element_type::OBJECT) {
    for (const auto field : value.get_object().value_unsafe()) Feed(field.value, field.key, scan);
  }
}

}  // namespace

std::optional<common::v1::Usage> ReadUsage(std::string_view json) {
  // A thread's parser keeps its buffers: an answer costs no allocation.
  static thread_local dom::parser parser;
  dom::element root;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  dom::element response;
  if (root["response"].get(response) == simdjson::SUCCESS) root = response;
  dom::element usage;
  if (root["usage"].get(usage) != simdjson::SUCCESS) return std::nullopt;
  return openai::UsageParts(usage, openai::kResponsesWords);
}

std::optional<common::v1::Usage> ReadUsageOfTail(std::string_view tail) {
  // Few members have this name: the object's own, and at most one of the client's metadata.
  constexpr int kMost = 8;
  size_t at = tail.rfind("\"usage\"");
  for (int i = 0; i < kMost && at != std::string_view::npos; ++i) {
    if (auto usage = ReadUsage("{" + std::string(tail.substr(at)))) return usage;
    if (at == 0) break;
    at = tail.rfind("\"usage\"", at - 1);
  }
  return std::nullopt;
}

int64_t CountAnswerTokens(std::string_view json) {
  dom::parser parser;
  dom::array output;
  if (parser.parse(json.data(), json.size(), true)["output"].get(output) != simdjson::SUCCESS) {
    return 0;
  }
  text::TokenScan scan;
  for (const dom::element each : output) Feed(each, "", scan);
  return scan.tokens();
}

}  // namespace weir::edge::responses

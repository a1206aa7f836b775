#include "edge/dialects/openai/answer_text.h"

#include <simdjson.h>

#include "common/text/token_scan.h"

namespace weir::edge::openai {

namespace dom = simdjson::dom;

namespace {

// Every string of a message but its role, ids and types.
void Feed(dom::element value, std::string_view key, text::TokenScan& scan) {
  if (value.type() == dom::element_type::STRING) {
    const bool structural = key == "role" || key == "id" || key == "type";
    if (!structural) scan.Feed(value.get_string().value_unsafe());
  } else if (value.type() == dom::element_type::ARRAY) {
    for (const dom::element each : value.get_array().value_unsafe()) Feed(each, key, scan);
  } else if (value.type() == dom::element_type::OBJECT) {
    for (const auto field : value.get_object().value_unsafe()) Feed(field.value, field.key, scan);
  }
}

}  // namespace

int64_t CountAnswerTokens(std::string_view json) {
  dom::parser parser;
  dom::array choices;
  if (parser.parse(json.data(), json.size(), true)["choices"].get(choices) != simdjson::SUCCESS) {
    return 0;
  }
  text::TokenScan scan;
  for (const dom::element each : choices) {
    dom::element message;
    if (each["message"].get(message) == simdjson::SUCCESS) Feed(message, "", scan);
  }
  return scan.tokens();
}

}  // namespace weir::edge::openai

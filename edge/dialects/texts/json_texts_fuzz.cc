// Any bytes are a body, or refused: taking its texts out and putting nothing in changes no byte,
// and what is put in is what is taken out again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/dialects/texts/json_texts.h"

namespace weir::edge::texts {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// As strange as a text can be.
constexpr std::string_view kPut = "a\"b\\c\n\x01\xF0\x9F\x98\x80{}";

void Check(std::string_view body, bool is_answer) {
  const auto read = is_answer ? ReadAnswerTexts : ReadRequestTexts;
  const auto texts = read(body);
  if (!texts.ok()) return;
  Require(Splice(body, *texts, {}, false) == body);
  std::vector<TextChange> same, changed;
  for (size_t i = 0; i < texts->texts.size(); ++i) {
    same.push_back({i, texts->texts[i].text});
    changed.push_back({i, std::string(kPut)});
  }
  const auto again = read(Splice(body, *texts, same, false));
  Require(again.ok() && again->texts.size() == texts->texts.size());
  for (size_t i = 0; i < same.size(); ++i) {
    Require(again->texts[i].text == texts->texts[i].text);
    Require(again->texts[i].path == texts->texts[i].path);
    Require(again->texts[i].role == texts->texts[i].role);
  }
  Require(read(Splice(body, *texts, changed, true)).ok());
}

}  // namespace
}  // namespace weir::edge::texts

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  weir::edge::texts::Check(body, false);
  weir::edge::texts::Check(body, true);
  return 0;
}

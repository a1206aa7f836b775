// Any bytes, cut anywhere, are taken apart as the whole is, with a bounded hold; no bytes are lost.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/guardrails/marked_text_for_test.h"

namespace weir::guardrails {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

class Collected final : public Parts {
 public:
  void Text(std::string_view text) override { Add('t', text); }
  void Value(Kind kind, std::string_view head) override {
    last_ = 0;
    Add(static_cast<char>('A' + static_cast<int>(kind.index())), head);
  }
  void Tail(std::string_view more) override {
    marked += more;
    plain += more;
  }
  std::string marked, plain;

 private:
  void Add(char kind, std::string_view text) {
    if (kind != last_) marked += kind;
    last_ = kind;
    marked += text;
    plain += text;
  }
  char last_ = 0;
};

void Check(std::string_view text, size_t step, const Vocabulary& vocabulary) {
  Collected whole, pieces;
  StreamScanner(vocabulary).Feed(text, true, whole);
  Require(whole.plain == text);
  StreamScanner scanner(vocabulary);
  for (size_t at = 0; at < text.size(); at += step) {
    scanner.Feed(text.substr(at, step), false, pieces);
    Require(scanner.held() <= StreamScanner::kMostHeld);
    StreamScanner next(vocabulary);
    Require(next.Load(scanner.Save()).ok());
  }
  scanner.Feed("", true, pieces);
  Require(pieces.marked == whole.marked);
}

}  // namespace
}  // namespace weir::guardrails

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  weir::guardrails::Check(text, 1 + data[0] % 61U, weir::guardrails::TestVocabulary());
  weir::guardrails::Check(text, 1 + data[0] % 61U, weir::guardrails::VocabularyWithPeople());
  static_cast<void>(weir::guardrails::StreamScanner(weir::guardrails::TestVocabulary()).Load(text));
  return 0;
}

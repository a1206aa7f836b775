// Says what the scanner finds: a line of text in hexadecimal in, a line of "ENTITY begin end" in
// bytes out, separated by ';'.
#include <iostream>
#include <string>
#include <utility>

#include "common/text/hex.h"
#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {
namespace {

class Printed final : public Parts {
 public:
  explicit Printed(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  void Text(std::string_view text) override {
    Close();
    at_ += text.size();
  }
  void Value(Kind kind, std::string_view head) override {
    Close();
    std::cout << vocabulary_.NameOf(kind) << ' ' << at_;
    at_ += head.size();
    is_open_ = true;
  }
  void Tail(std::string_view more) override { at_ += more.size(); }
  void Close() {
    if (std::exchange(is_open_, false)) std::cout << ' ' << at_ << ';';
  }

 private:
  const Vocabulary& vocabulary_;
  size_t at_ = 0;
  bool is_open_ = false;
};

void Print(std::string_view text) {
  static const Vocabulary kVocabulary{.entities = EntitySet::All(), .patterns = {}};
  Printed printed(kVocabulary);
  StreamScanner(kVocabulary).Feed(text, true, printed);
  printed.Close();
  std::cout << '\n';
}

}  // namespace
}  // namespace weir::guardrails

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto text = weir::text::HexDecode(line);
    if (!text) return 1;
    weir::guardrails::Print(*text);
  }
  return 0;
}

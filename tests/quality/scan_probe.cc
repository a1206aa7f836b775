// Says what the scanner finds: a line of text in hexadecimal in, a line of "ENTITY begin end" in
// bytes out, separated by ';'.
#include <iostream>
#include <string>

#include "common/text/hex.h"
#include "services/guardrails/scanner.h"

namespace weir::guardrails {
namespace {

void Print(std::string_view text) {
  static const Vocabulary kVocabulary{.entities = EntitySet::All(), .patterns = {}};
  for (size_t at = 0; at < text.size();) {
    const Match match = FindNext(text, at, true, kVocabulary);
    if (!match.found()) break;
    at = match.begin + match.length;
    std::cout << kVocabulary.NameOf(match.kind) << ' ' << match.begin << ' ' << at << ';';
  }
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

// Says how much texts are like an injection: a line of provenance and text in hexadecimal in
// ("user 6869"), a line of score, family, first byte and length out.
#include <iostream>
#include <string>

#include "common/text/ascii.h"
#include "common/text/hex.h"
#include "services/guardrails/injection.h"

int main() {
  using weir::guardrails::Provenance;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto parts = weir::text::SplitOnce(line, ' ');
    if (!parts) return 1;
    const auto text = weir::text::HexDecode(parts->second);
    if (!text) return 1;
    const auto who = parts->first == "tool" ? Provenance::kTool : Provenance::kUser;
    const auto verdict = weir::guardrails::JudgeInjection(*text, who);
    std::cout << verdict.score << ' ' << (verdict.family.empty() ? "-" : verdict.family) << ' '
              << verdict.offset << ' ' << verdict.length << '\n';
  }
  return 0;
}

#include "services/guardrails/digit_groups.h"

#include <algorithm>

namespace weir::guardrails {

DigitGroups::DigitGroups(Reader& reader, size_t begin, std::string_view separators, size_t most) {
  size_t digits = 0;
  size_t at = begin;
  char separator = 0;
  for (;;) {
    const size_t first = digits;
    while (reader.HasDigit(at) && digits < most) {
      digits_[digits++] = static_cast<char>(reader.At(at++));
    }
    // A group that is cut off by the bound is none.
    if (digits == first || reader.HasDigit(at)) return;
    groups_[size_++] = {.digits = digits, .end = at, .separator = separator};
    const int next = reader.At(at);
    if (next == Reader::kEnd || separators.find(static_cast<char>(next)) == std::string_view::npos)
      return;
    if (digits == most || !reader.HasDigit(at + 1)) return;
    separator = static_cast<char>(next);
    ++at;
  }
}

bool DigitGroups::IsUniform(size_t groups) const {
  for (size_t i = 2; i < groups; ++i) {
    if (groups_[i].separator != groups_[1].separator) return false;
  }
  return true;
}

bool EndsNumber(Reader& reader, size_t end) {
  if (reader.HasAlnum(end) || reader.Has(end, '_')) return false;
  const int next = reader.At(end);
  const bool is_mark = next == '-' || next == '.' || next == '/' || next == ',' || next == ':';
  return !is_mark || !reader.HasDigit(end + 1);
}

bool MayBeginNumber(std::string_view before) {
  if (before.empty()) return true;
  const char last = before.back();
  if (last == '_' || last == '#' || last == '$') return false;
  constexpr std::string_view kJoints = "-./,:";
  if (kJoints.find(last) == std::string_view::npos || before.size() == 1) return true;
  const char joined = before[before.size() - 2];
  return last == ',' || last == ':' ? !text::IsDigit(joined) : !text::IsAlnum(joined);
}

}  // namespace weir::guardrails

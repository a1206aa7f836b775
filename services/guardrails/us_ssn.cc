#include "services/guardrails/cues.h"
#include "services/guardrails/digit_groups.h"
#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

bool IsCued(std::string_view before) {
  return HasCue(before, {"ssn", "social", "security", "sozialversicherung", "seguro", "sécurité"});
}

// Never assigned: area 000, 666 and from 900 on, group 00, serial 0000; and those that were printed
// in advertisements.
bool IsAssignable(std::string_view digits) {
  const std::string_view area = digits.substr(0, 3);
  if (area == "000" || area == "666" || area[0] == '9') return false;
  if (digits.substr(3, 2) == "00" || digits.substr(5) == "0000") return false;
  return digits != "078051120" && digits != "219099999" && digits != "123456789";
}

// Of a table, a list or a quotation: nothing is added up there, nor numbered.
bool BeginsCell(std::string_view before) {
  constexpr std::string_view kMarks = ",;>|\t\"'";
  return !before.empty() && kMarks.find(before.back()) != std::string_view::npos;
}

// In one piece, or 3-2-4 with one mark between.
bool IsWrittenSo(const DigitGroups& groups, std::string_view before) {
  if (groups.size() == 1) return groups.digits_of(0) == 9 && IsCued(before);
  if (groups.size() != 3 || !groups.IsUniform(3)) return false;
  if (groups.digits_of(0) != 3 || groups.digits_of(1) != 2 || groups.digits_of(2) != 4)
    return false;
  return groups[1].separator == '-' || BeginsCell(before) || IsCued(before);
}

}  // namespace

Recognition RecogniseUsSsn(Reader& reader, std::string_view before) {
  if (!reader.HasDigit(0) || !MayBeginNumber(before)) return {};
  const DigitGroups groups(reader, 0, "- .", 9);
  if (!IsWrittenSo(groups, before)) return {};
  const size_t count = groups.size();
  const size_t end = groups[count - 1].end;
  if (!IsAssignable(groups.Digits(count)) || !EndsNumber(reader, end)) return {};
  return {.length = end};
}

}  // namespace weir::guardrails

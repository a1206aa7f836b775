#include "edge/caching/canonical_form.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// Whole numbers up to here are exact as doubles.
constexpr double kExact = 9007199254740992.0;

bool StandsBefore(std::string_view a, std::string_view b) {
  return std::less<>()(a.data(), b.data());
}

}  // namespace

void CanonicalForm::AddWord(char type, uint64_t word) {
  bytes_.push_back(type);
  for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(word >> shift));
}

void CanonicalForm::AddText(std::string_view text) {
  AddWord('s', text.size());
  bytes_.append(text);
}

void CanonicalForm::AddNumber(uint64_t number) { AddWord('u', number); }

void CanonicalForm::AddString(std::string_view text) {
  const auto at = std::lower_bound(holes_.begin(), holes_.end(), text, StandsBefore);
  if (at != holes_.end() && at->data() == text.data()) {
    bytes_.push_back('h');
  } else {
    AddText(text);
  }
}

// 1.0 is 1, and -0.0 is 0.
void CanonicalForm::AddDouble(double value) {
  if (std::trunc(value) == value && std::abs(value) <= kExact) {
    AddWord('i', static_cast<uint64_t>(static_cast<int64_t>(value)));
  } else {
    AddWord('d', std::bit_cast<uint64_t>(value));
  }
}

bool CanonicalForm::AddValue(dom::element value, int depth) {
  switch (value.type()) {
    case dom::element_type::ARRAY:
      return AddArray(value.get_array().value_unsafe(), depth + 1);
    case dom::element_type::OBJECT:
      return AddObject(value.get_object().value_unsafe(), depth + 1);
    case dom::element_type::STRING:
      AddString(value.get_string().value_unsafe());
      return true;
    case dom::element_type::INT64:
      AddWord('i', static_cast<uint64_t>(value.get_int64().value_unsafe()));
      return true;
    case dom::element_type::UINT64:
      AddWord('u', value.get_uint64().value_unsafe());
      return true;
    case dom::element_type::DOUBLE:
      AddDouble(value.get_double().value_unsafe());
      return true;
    case dom::element_type::BOOL:
      bytes_.push_back(value.get_bool().value_unsafe() ? 't' : 'f');
      return true;
    case dom::element_type::NULL_VALUE:
      bytes_.push_back('n');
      return true;
  }
  return false;
}

bool CanonicalForm::AddArray(dom::array array, int depth) {
  if (depth > kMaxDepth) return false;
  bytes_.push_back('a');
  for (const dom::element each : array) {
    if (!AddValue(each, depth)) return false;
  }
  bytes_.push_back('e');
  return true;
}

bool CanonicalForm::AddObject(dom::object object, int depth) {
  if (depth > kMaxDepth) return false;
  bytes_.push_back('o');
  for (const auto& each : Sorted(object)) {
    AddText(each.key);
    if (!AddValue(each.value, depth)) return false;
  }
  bytes_.push_back('e');
  return true;
}

std::vector<dom::key_value_pair> CanonicalForm::Sorted(dom::object object) {
  std::vector<dom::key_value_pair> members;
  members.reserve(object.size());
  for (const auto each : object) members.push_back(each);
  // A key's address in the parser's memory says where it came.
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : StandsBefore(a.key, b.key);
  });
  return members;
}

}  // namespace weir::edge

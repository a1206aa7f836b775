#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/hmac.h"

namespace weir::edge {

// The bytes that a fingerprint is the digest of: a sequence of values, each with its type and its
// length, so that two different sequences never have the same bytes. JSON counts by what it means:
// the order of an object's members, white space, escapes and the spelling of numbers change
// nothing. One for each fingerprint, not thread-safe.
class CanonicalForm {
 public:
  // Deeper values are not read.
  static constexpr int kMaxDepth = 72;

  explicit CanonicalForm(size_t expected_bytes) { bytes_.reserve(expected_bytes); }

  // Strings of the document that are to be left out, but for the fact that something stands there:
  // the texts as the parser gave them, ascending by where they are in its memory.
  void SetHoles(std::vector<std::string_view> holes) { holes_ = std::move(holes); }

  void AddText(std::string_view text);
  void AddNumber(uint64_t number);
  // False: it is nested too deep.
  [[nodiscard]] bool AddValue(simdjson::dom::element value, int depth = 0);

  // The members of an object by their keys; those with the same key as they came.
  static std::vector<simdjson::dom::key_value_pair> Sorted(simdjson::dom::object object);

  crypto::Digest Digest() const { return crypto::Sha256(bytes_); }

 private:
  bool AddArray(simdjson::dom::array array, int depth);
  bool AddObject(simdjson::dom::object object, int depth);
  void AddDouble(double value);
  void AddString(std::string_view text);
  void AddWord(char type, uint64_t word);

  std::string bytes_;
  std::vector<std::string_view> holes_;
};

}  // namespace weir::edge

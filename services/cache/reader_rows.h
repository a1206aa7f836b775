#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/cache/answer.h"

namespace weir::cache {

// Rows of a partition by who may read them where the policy asks for promotion: a search looks at a
// reader's own and at those that are promoted, not at all others'. For one thread at a time.
class ReaderRows {
 public:
  void Add(uint32_t row, const Answer& answer);
  // Of the answer with which it was added.
  void Remove(uint32_t row, const Answer& answer);

  // In no order; valid until the next Add or Remove.
  std::span<const uint32_t> promoted() const { return promoted_; }
  // Those of `author` that are not promoted.
  std::span<const uint32_t> OwnOf(std::string_view author) const;

 private:
  std::vector<uint32_t>& ListOf(const Answer& answer);

  std::vector<uint32_t> promoted_;
  struct HashOfText {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // By author; none is empty.
  std::unordered_map<std::string, std::vector<uint32_t>, HashOfText, std::equal_to<>> own_;
  std::vector<uint32_t> places_;  // By row: where in its list.
};

}  // namespace weir::cache

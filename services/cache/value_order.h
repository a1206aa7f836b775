#pragma once

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/cache/answer.h"

namespace weir::cache {

// How much may be kept. Of one organisation, and of all.
struct Budget {
  int64_t bytes = 512LL << 20;
  int64_t entries = 500'000;
  int64_t organization_bytes = 256LL << 20;
  int64_t organization_entries = 200'000;
};

// What is kept, by what it is worth: what goes first when there is too much, and what is over.
//
// Worth is (tokens + 1) * (hits + 1) / bytes, halved with each half-life since the answer was made;
// so a flood of new, long, never-used answers goes before an old one that serves. Since all lose at
// one rate their order does not change by itself. For one thread at a time.
class ValueOrder {
 public:
  static constexpr Duration kHalfLife = std::chrono::hours(6);

  explicit ValueOrder(Budget budget) : budget_(budget) {}

  // Replaces what has its id.
  void Add(AnswerPtr answer);
  void Remove(const std::string& id);
  // It answered once more.
  void Hit(const std::string& id);

  // Null: it is not known.
  AnswerPtr Find(const std::string& id) const;
  // What must go for the budget of `organization`, and that of all, to hold; null: they do.
  AnswerPtr TooMuch(const std::string& organization) const;
  // One that is over at `now`; null: none is.
  AnswerPtr Expired(WallTime now) const;

  struct Totals {
    int64_t bytes = 0;
    int64_t entries = 0;
  };
  Totals totals() const { return totals_; }
  Totals TotalsOf(const std::string& organization) const;

 private:
  using Worth = std::pair<double, uint32_t>;  // With the slot.
  using ByWorth = absl::btree_set<Worth>;
  struct Organization {
    Totals totals;
    ByWorth by_worth;
  };
  using Organizations = std::map<std::string, Organization>;
  struct Held {
    AnswerPtr answer;
    Organizations::iterator organization;
    int64_t bytes = 0;
    int64_t hits = 0;
    double worth_of_one = 0;  // Without hits; a logarithm, at a fixed time.
  };
  static double WorthOf(const Held& held);
  AnswerPtr First(const ByWorth& by_worth) const;
  uint32_t FreeSlot();
  void RemoveSlot(uint32_t slot);

  const Budget budget_;
  std::vector<Held> held_;  // By slot.
  std::vector<uint32_t> free_;
  absl::flat_hash_map<std::string_view, uint32_t> slots_;  // By id, which is the answer's own.
  Organizations organizations_;
  ByWorth by_worth_;
  absl::btree_set<std::pair<WallTime, uint32_t>> by_expiry_;
  Totals totals_;
};

}  // namespace weir::cache

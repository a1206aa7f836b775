#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

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
  void Add(const Answer& answer);
  void Remove(const std::string& id);
  // It answered once more.
  void Hit(const std::string& id);

  struct Place {
    PartitionKey partition;
    std::string id;
  };
  // Where it is; nothing: it is not known.
  std::optional<Place> Find(const std::string& id) const;
  // What must go for the budget of `organization`, and that of all, to hold; nothing: they do.
  std::optional<Place> TooMuch(const std::string& organization) const;
  // One that is over at `now`.
  std::optional<Place> Expired(WallTime now) const;

  struct Totals {
    int64_t bytes = 0;
    int64_t entries = 0;
  };
  Totals totals() const { return totals_; }
  Totals TotalsOf(const std::string& organization) const;

 private:
  using Worth = std::pair<double, std::string>;  // With the id.
  struct Held {
    PartitionKey partition;
    int64_t bytes = 0;
    int64_t hits = 0;
    double worth_of_one = 0;  // Without hits; a logarithm, at a fixed time.
    WallTime expires;
  };
  struct Organization {
    Totals totals;
    std::set<Worth> by_worth;
  };
  static double WorthOf(const Held& held);
  std::optional<Place> First(const std::set<Worth>& by_worth) const;

  const Budget budget_;
  std::unordered_map<std::string, Held> held_;
  std::map<std::string, Organization> organizations_;
  std::set<Worth> by_worth_;
  std::set<std::pair<WallTime, std::string>> by_expiry_;
  Totals totals_;
};

}  // namespace weir::cache

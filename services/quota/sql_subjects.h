#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/sql/database.h"
#include "services/quota/hash.h"
#include "services/quota/ledger.h"

namespace weir::quota {

// The numbers under which the ledger's tables keep names.
struct SubjectIds {
  int64_t organization = 0;
  int64_t subject = 0;
};

// Finds, or makes, the numbers of the names of rows. What was used of late is remembered, some
// 16,000 combinations of 200 bytes; the others are asked for again. For one thread at a time.
class SqlSubjects {
 public:
  // In a transaction that may write. kUnavailable: others made subjects at the same time, again and
  // again.
  absl::StatusOr<SubjectIds> IdsOf(sql::Connection& connection, const LedgerRow& row);

  // How the transaction ended decides whether what was made in it is there.
  void Committed();
  void RolledBack() { made_.clear(); }

 private:
  using Generation = absl::flat_hash_map<std::string, SubjectIds, NameHash, std::equal_to<>>;
  std::optional<SubjectIds> Find(const std::string& names);
  void Remember(std::string names, SubjectIds ids);

  // Of the open transaction.
  Generation made_;
  // What was asked for since `used_before_` was full of it; each is as large as half of all.
  Generation used_;
  Generation used_before_;
  std::string names_;  // Of the row that is asked about.
};

}  // namespace weir::quota

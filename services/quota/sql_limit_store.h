#pragma once

#include "common/sql/database.h"
#include "services/quota/limit_store.h"

namespace weir::quota {

// Limits as rows that hold the message; each change gets the next number of the change log in the
// same transaction.
class SqlLimitStore final : public LimitStore {
 public:
  // `database` has the tables of QuotaMigrations() and must outlive this object.
  explicit SqlLimitStore(sql::Database& database) : database_(database) {}

  absl::StatusOr<bool> Put(const StoredLimit& limit) override;
  absl::Status Delete(std::string_view organization, std::string_view name) override;
  absl::StatusOr<std::optional<StoredLimit>> Get(std::string_view organization,
                                                 std::string_view name) override;
  absl::StatusOr<std::vector<StoredLimit>> List(std::string_view organization,
                                                std::string_view after_name, int max) override;
  absl::StatusOr<Snapshot> All() override;
  absl::StatusOr<int64_t> Sequence() override;

 private:
  sql::Database& database_;
};

}  // namespace weir::quota

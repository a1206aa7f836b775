#pragma once

#include <libpq-fe.h>

#include <array>
#include <span>
#include <vector>

#include "common/sql/database.h"

namespace weir::sql {

// The types that values have, by the numbers that every server knows them by.
inline constexpr Oid kAnyType = 0;
inline constexpr Oid kBytea = 17;
inline constexpr Oid kInt8 = 20;
inline constexpr Oid kText = 25;
inline constexpr Oid kFloat8 = 701;

inline ValueView View(const ValueView& value) { return value; }
ValueView View(const Value& value);

// kAnyType: NULL, which is of every type.
Oid TypeOf(const ValueView& value);

// The parameters of a statement in PostgreSQL's binary form. Borrows the values.
class PostgresParameters {
 public:
  template <typename Param>
  explicit PostgresParameters(std::span<const Param> values) {
    Reserve(values.size());
    for (const Param& each : values) Add(View(each));
  }

  int size() const { return static_cast<int>(pointers_.size()); }
  const char* const* pointers() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void Reserve(size_t size);
  void Add(const ValueView& value);
  void AddNumber(uint64_t bits);
  void AddBytes(std::string_view bytes);

  std::vector<std::array<char, 8>> numbers_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

// The rows of `result`, which was asked for in binary form. kInternal: a column of another type
// than Value has.
absl::StatusOr<std::vector<Row>> RowsOf(const PGresult* result);

}  // namespace weir::sql

#include "common/sql/postgres_values.h"

#include <bit>

namespace weir::sql {
namespace {

// More that a statement may bring back, though no column is declared so.
constexpr Oid kBool = 16;
constexpr Oid kName = 19;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kFloat4 = 700;
constexpr Oid kUnknown = 705;
constexpr Oid kBpchar = 1042;
constexpr Oid kVarchar = 1043;

struct Viewer {
  ValueView operator()(std::monostate) const { return std::monostate(); }
  ValueView operator()(int64_t value) const { return value; }
  ValueView operator()(double value) const { return value; }
  ValueView operator()(const std::string& value) const { return std::string_view(value); }
  ValueView operator()(const Blob& value) const { return BlobView{value.bytes}; }
};

struct Typer {
  Oid operator()(std::monostate) const { return kAnyType; }
  Oid operator()(int64_t) const { return kInt8; }
  Oid operator()(double) const { return kFloat8; }
  Oid operator()(std::string_view) const { return kText; }
  Oid operator()(BlobView) const { return kBytea; }
};

// Most significant byte first, as on the wire.
uint64_t NumberOf(std::string_view bytes) {
  uint64_t number = 0;
  for (const char each : bytes) number = number << 8 | static_cast<unsigned char>(each);
  return number;
}

absl::StatusOr<Value> ValueOf(Oid type, std::string_view bytes) {
  switch (type) {
    case kInt8:
      return static_cast<int64_t>(NumberOf(bytes));
    case kInt4:
      return int64_t{static_cast<int32_t>(NumberOf(bytes))};
    case kInt2:
      return int64_t{static_cast<int16_t>(NumberOf(bytes))};
    case kBool:
      return static_cast<int64_t>(NumberOf(bytes));
    case kFloat8:
      return std::bit_cast<double>(NumberOf(bytes));
    case kFloat4:
      return double{std::bit_cast<float>(static_cast<uint32_t>(NumberOf(bytes)))};
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
    case kUnknown:
      return std::string(bytes);
    case kBytea:
      return Blob{std::string(bytes)};
    default:
      return status::Internal(
          "a column has the type {}, want BIGINT, DOUBLE PRECISION, TEXT or BYTEA: CAST it", type);
  }
}

}  // namespace

ValueView View(const Value& value) { return std::visit(Viewer(), value); }

Oid TypeOf(const ValueView& value) { return std::visit(Typer(), value); }

void PostgresParameters::Reserve(size_t size) {
  // Not to move: the pointers are to them.
  numbers_.reserve(size);
  pointers_.reserve(size);
  lengths_.reserve(size);
  formats_.reserve(size);
}

void PostgresParameters::Add(const ValueView& value) {
  constexpr int kBinary = 1;
  formats_.push_back(kBinary);
  if (const auto* number = std::get_if<int64_t>(&value)) {
    AddNumber(static_cast<uint64_t>(*number));
  } else if (const auto* real = std::get_if<double>(&value)) {
    AddNumber(std::bit_cast<uint64_t>(*real));
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    AddBytes(*text);
  } else if (const auto* blob = std::get_if<BlobView>(&value)) {
    AddBytes(blob->bytes);
  } else {
    pointers_.push_back(nullptr);
    lengths_.push_back(0);
  }
}

void PostgresParameters::AddNumber(uint64_t bits) {
  std::array<char, 8>& bytes = numbers_.emplace_back();
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bits >> (56 - 8 * i));
  pointers_.push_back(bytes.data());
  lengths_.push_back(static_cast<int>(bytes.size()));
}

void PostgresParameters::AddBytes(std::string_view bytes) {
  // A null pointer would be NULL, where empty is meant.
  pointers_.push_back(bytes.data() == nullptr ? "" : bytes.data());
  lengths_.push_back(static_cast<int>(bytes.size()));
}

absl::StatusOr<std::vector<Row>> RowsOf(const PGresult* result) {
  std::vector<Row> rows;
  const int columns = PQnfields(result);
  rows.reserve(PQntuples(result));
  for (int row = 0; row < PQntuples(result); ++row) {
    std::vector<Value> values(columns);
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) continue;
      const std::string_view bytes(PQgetvalue(result, row, column),
                                   PQgetlength(result, row, column));
      WEIR_ASSIGN_OR_RETURN(values[column], ValueOf(PQftype(result, column), bytes));
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

}  // namespace weir::sql

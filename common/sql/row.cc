#include "common/sql/database.h"

namespace weir::sql {
namespace {

template <typename T>
const T& As(const std::vector<Value>& values, size_t column) {
  static const T kEmpty{};
  if (column >= values.size()) return kEmpty;
  const T* value = std::get_if<T>(&values[column]);
  return value == nullptr ? kEmpty : *value;
}

}  // namespace

bool Row::IsNull(size_t column) const {
  return column >= values_.size() || std::holds_alternative<std::monostate>(values_[column]);
}

int64_t Row::Int(size_t column) const { return As<int64_t>(values_, column); }

double Row::Real(size_t column) const { return As<double>(values_, column); }

const std::string& Row::Text(size_t column) const { return As<std::string>(values_, column); }

const std::string& Row::Bytes(size_t column) const { return As<Blob>(values_, column).bytes; }

}  // namespace weir::sql

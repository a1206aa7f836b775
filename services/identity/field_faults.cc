#include "services/identity/field_faults.h"

#include "common/status/detail.h"
#include "services/identity/key.h"

namespace weir::identity {

void FieldFaults::Add(std::string_view path, std::string_view problem) {
  common::v1::BadFields::Field* field = faults_.add_fields();
  field->set_path(std::string(path));
  field->set_problem(std::string(problem));
}

void FieldFaults::Require(bool ok, std::string_view path, std::string_view value,
                          std::string_view form) {
  if (!ok) Add(path, fmt::format("got '{}', want {}", Shown(value), form));
}

absl::Status FieldFaults::ToStatus() const {
  if (faults_.fields().empty()) return absl::OkStatus();
  const auto& first = faults_.fields(0);
  const int more = faults_.fields_size() - 1;
  return status::WithDetail(
      status::InvalidArgument("{}: {}{}", first.path(), first.problem(),
                              more == 0 ? "" : fmt::format(" (and {} more)", more)),
      faults_);
}

}  // namespace weir::identity

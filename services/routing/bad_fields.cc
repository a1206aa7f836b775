#include "services/routing/bad_fields.h"

#include <algorithm>

#include "common/status/detail.h"

namespace weir::routing {
namespace {
constexpr int kMaxInMessage = 5;
// A document of thousands of wrong names does not make an answer of thousands of problems.
constexpr int kMaxFields = 100;
}  // namespace

void BadFields::AddText(std::string_view path, std::string problem) {
  if (fields_.fields_size() >= kMaxFields) return;
  common::v1::BadFields::Field* field = fields_.add_fields();
  field->set_path(std::string(path));
  field->set_problem(std::move(problem));
}

absl::Status BadFields::ToStatus() const {
  if (fields_.fields().empty()) return absl::OkStatus();
  std::string message;
  const int shown = std::min(fields_.fields_size(), kMaxInMessage);
  for (int i = 0; i < shown; ++i) {
    const common::v1::BadFields::Field& field = fields_.fields(i);
    message += fmt::format("{}{} {}", i == 0 ? "" : "; ", field.path(), field.problem());
  }
  if (shown < fields_.fields_size()) {
    message += fmt::format("; and {} more", fields_.fields_size() - shown);
  }
  return status::WithDetail(status::InvalidArgument("{}", message), fields_);
}

}  // namespace weir::routing

#include "common/status/bad_fields.h"

#include <algorithm>

#include "common/status/detail.h"

namespace weir::status {
namespace {
constexpr int kMaxInMessage = 5;
constexpr int kMaxKept = 100;
}  // namespace

void BadFields::AddText(std::string_view path, std::string problem) {
  ++found_;
  if (kept_.fields_size() >= kMaxKept) return;
  common::v1::BadFields::Field* field = kept_.add_fields();
  field->set_path(std::string(path));
  field->set_problem(std::move(problem));
}

void BadFields::InRange(std::string_view path, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most) Add(path, "got {}, want {} to {}", value, least, most);
}

void BadFields::Require(bool ok, std::string_view path, std::string_view shown,
                        std::string_view want) {
  if (!ok) Add(path, "got '{}', want {}", shown, want);
}

absl::Status BadFields::ToStatus() const {
  if (found_ == 0) return absl::OkStatus();
  std::string message;
  const int shown = std::min(kept_.fields_size(), kMaxInMessage);
  for (int i = 0; i < shown; ++i) {
    const common::v1::BadFields::Field& field = kept_.fields(i);
    message += fmt::format("{}{}: {}", i == 0 ? "" : "; ", field.path(), field.problem());
  }
  if (found_ > shown) message += fmt::format("; and {} more", found_ - shown);
  return WithDetail(InvalidArgument("{}", message), kept_);
}

}  // namespace weir::status

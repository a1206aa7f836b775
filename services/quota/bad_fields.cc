#include "services/quota/bad_fields.h"

#include <string>

#include "common/status/detail.h"
#include "common/text/excerpt.h"

namespace weir::quota {

void BadFields::Add(std::string_view path, std::string_view problem) {
  auto* field = detail_.add_fields();
  field->set_path(std::string(path));
  field->set_problem(std::string(problem));
}

void BadFields::InRange(std::string_view path, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  Add(path, fmt::format("got {}, want {} to {}", value, least, most));
}

void BadFields::Require(bool ok, std::string_view path, std::string_view value,
                        std::string_view want) {
  if (!ok) Add(path, fmt::format("got '{}', want {}", text::Excerpt(value), want));
}

absl::Status BadFields::ToStatus() const {
  if (detail_.fields().empty()) return absl::OkStatus();
  const auto& first = detail_.fields(0);
  return status::WithDetail(status::InvalidArgument("{}: {}", first.path(), first.problem()),
                            detail_);
}

}  // namespace weir::quota

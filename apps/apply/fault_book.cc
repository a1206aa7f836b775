#include "apps/apply/fault_book.h"

#include <algorithm>

namespace weir::apply {

config::Faults& FaultBook::Of(std::string_view file) {
  auto found = files_.find(file);
  if (found == files_.end()) {
    found = files_.emplace(std::string(file), config::Faults(std::string(file))).first;
  }
  return found->second;
}

bool FaultBook::empty() const {
  return std::all_of(files_.begin(), files_.end(),
                     [](const auto& each) { return each.second.empty(); });
}

absl::Status FaultBook::ToStatus() const {
  std::string all;
  for (const auto& [file, faults] : files_) {
    if (faults.empty()) continue;
    const absl::Status status = faults.ToStatus();
    all += fmt::format("{}{}", all.empty() ? "" : "\n", status::Message(status));
  }
  return all.empty() ? absl::OkStatus() : status::InvalidArgument("{}", all);
}

}  // namespace weir::apply

#include "common/config/faults.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace weir::config {
namespace {

constexpr int kAfterTheFile = std::numeric_limits<int>::max();

}  // namespace

void Faults::Add(int line, std::string text) {
  if (line == 0) {
    faults_.push_back({kAfterTheFile, faults_.size(), fmt::format("{}: {}", file_, text)});
  } else {
    faults_.push_back({line, faults_.size(), fmt::format("{}:{}: {}", file_, line, text)});
  }
}

void Faults::AddFrom(std::string_view source, std::string_view text) {
  faults_.push_back({kAfterTheFile, faults_.size(), fmt::format("{}: {}", source, text)});
}

absl::Status Faults::ToStatus() const {
  if (faults_.empty()) return absl::OkStatus();
  std::vector<Fault> sorted = faults_;
  std::sort(sorted.begin(), sorted.end(), [](const Fault& a, const Fault& b) {
    return std::tie(a.line, a.order) < std::tie(b.line, b.order);
  });
  std::string all;
  for (size_t i = 0; i < sorted.size() && i < kMaxListed; ++i) {
    if (i > 0) all.push_back('\n');
    all += sorted[i].text;
  }
  if (sorted.size() > kMaxListed) {
    all += fmt::format("\n{}: and {} more faults", file_, sorted.size() - kMaxListed);
  }
  return status::InvalidArgument("{}", all);
}

}  // namespace weir::config

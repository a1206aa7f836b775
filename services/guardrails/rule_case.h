#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/bad_fields.h"
#include "common/status/detail.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::guardrails {

// The paths that were refused, in the order in which they were found.
inline std::vector<std::string> Paths(const absl::Status& refused) {
  std::vector<std::string> paths;
  const auto detail = status::Detail<common::v1::BadFields>(refused);
  if (!detail) return paths;
  for (const auto& each : detail->fields()) paths.push_back(each.path());
  return paths;
}
inline std::vector<std::string> Paths(const status::BadFields& bad) {
  return Paths(bad.ToStatus());
}

// What a case changes in a good object, and the fields that are refused for it.
template <typename Message>
struct RuleCase {
  std::string_view name;
  void (*change)(Message&);
  std::vector<std::string> want;
};

}  // namespace weir::guardrails

#pragma once

#include <fmt/format.h>

#include <string>

#include "weir/common/v1/attempt.pb.h"

namespace weir::api {

// Names an attempt in memory: request id and number.
inline std::string AttemptName(const common::v1::AttemptKey& key) {
  std::string name;
  name.reserve(key.request_id().size() + 11);
  name.append(key.request_id()).append(1, '.').append(fmt::format_int(key.attempt()).c_str());
  return name;
}

// The key of a lease: an attempt that is never dispatched.
inline void SetLeaseKey(const std::string& lease_id, common::v1::AttemptKey& key) {
  key.set_request_id(lease_id);
  key.set_attempt(1);
}

}  // namespace weir::api

#pragma once

#include <atomic>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::rpc {

// grpc.health.v1.Health/Check for one server, open to everybody. gRPC's own runs on threads that
// wake for every event of the process. Watch is not served: its callers fall back to Check.
// Thread-safe.
class Health {
 public:
  // `services`: full names of what the server offers; "" is the server as a whole.
  explicit Health(std::vector<std::string> services)
      : services_(services.begin(), services.end()) {}

  // Whether `full_method` ("/package.Service/Method") is it.
  static bool Serves(std::string_view full_method);

  void SetServing(bool serving) { serving_ = serving; }
  // The serialized answer to a serialized HealthCheckRequest. kNotFound: no such service;
  // kInvalidArgument: the request is malformed.
  absl::StatusOr<std::string> Answer(const std::string& request) const;

 private:
  const std::set<std::string, std::less<>> services_;
  std::atomic<bool> serving_{false};
};

}  // namespace weir::rpc

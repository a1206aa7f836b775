#pragma once

#include <memory>
#include <string>

#include "common/api/kept_table.h"
#include "common/api/remote_loop.h"
#include "common/api/routing.h"
#include "common/metrics/registry.h"

namespace weir::api {

// Routing as all loops of an edge share it: one pipe to the service and one table, on a loop and a
// thread of their own. Thread-safe.
class RemoteRoutes {
 public:
  struct Deps {
    const Clock& clock;  // All must outlive this object.
    Random& random;
    Resolver& resolver;
    metrics::Registry& metrics;
    KeptTable* kept = nullptr;  // Null: nothing is kept on disk.
  };
  // kInvalidArgument: an address or a TLS file cannot be used.
  static absl::StatusOr<std::unique_ptr<RemoteRoutes>> Start(const RemoteAddresses& addresses,
                                                             Deps deps);
  ~RemoteRoutes();

  Routing& routing();
  // Empty: the table is the newest, as far as anybody can tell.
  std::string WhyStale() const;
  // Ends all streams of Watch; their loops must still be there.
  void Close();

 private:
  struct Parts;
  explicit RemoteRoutes(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace weir::api

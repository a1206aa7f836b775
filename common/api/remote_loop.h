#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/api/cache.h"
#include "common/api/guardrails.h"
#include "common/api/identity.h"
#include "common/api/quota.h"
#include "common/async/resolver.h"
#include "common/async/timers.h"
#include "common/ids/random.h"
#include "common/metrics/registry.h"
#include "common/rpc/peer_tls.h"

namespace weir::api {

// Where the services are that an edge asks.
struct RemoteAddresses {
  bool leases = true;  // Of quota: what is spent without asking (LeasingQuota).
  std::vector<std::string> identity;
  std::vector<std::string> quota;
  std::vector<std::string> routing;
  std::vector<std::string> guardrails;  // Empty: there are none, as for the next.
  std::vector<std::string> cache;
  rpc::PeerTls tls;     // This process's own certificate.
  std::string version;  // Of this program.
};

// The services that one event loop of an edge asks in other processes, with the pipes to them. On
// the loop's thread; outlives what runs on the loop.
class RemoteLoop {
 public:
  struct Deps {
    asio::io_context& io;  // All must outlive this object.
    Timers& timers;
    Random& random;
    Resolver& resolver;
    metrics::Registry& metrics;
  };
  // Connects once Run is called. kInvalidArgument: an address or a TLS file cannot be used.
  static absl::StatusOr<std::unique_ptr<RemoteLoop>> Create(const RemoteAddresses& addresses,
                                                            Deps deps);
  ~RemoteLoop();

  Identity& identity();
  Quota& quota();
  // Null: there is none.
  Guardrails* guardrails();
  Cache* cache();
  // Of quota: none is taken any more, and what there is is given back.
  void StopLeasing();
  size_t leases() const;

  // Runs the loop on this thread until it is stopped. Once.
  void Run();
  // Why identity, quota or guardrails cannot be relied on now; empty: they can.
  std::string WhyNotReady() const;
  // Destroys the coroutines that wait for an answer. Nobody runs the loop then, or later.
  void Abandon();

 private:
  struct Parts;
  explicit RemoteLoop(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace weir::api

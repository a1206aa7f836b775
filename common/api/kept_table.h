#pragma once

#include <memory>
#include <string>

#include "common/async/worker_pool.h"
#include "common/crypto/sealer.h"
#include "common/status/status.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::api {

// The last routing table that an edge had, on its own disk, for a start while routing cannot be
// reached. Sealed: it holds credentials. Thread-safe.
class KeptTable {
 public:
  using Table = std::shared_ptr<const routing::v1::RoutingTable>;

  // `path`: a file in an existing folder; edges that have the key in common may share it. The
  // sealer must outlive what the pool has to do.
  KeptTable(std::string path, const crypto::Sealer& sealer, WorkerPool& workers);

  // Blocks. kNotFound: none was kept. kDataLoss, kFailedPrecondition: the file is damaged, of
  // another key, or others may read it. kUnavailable: it cannot be read. No error shows what is in
  // it.
  absl::StatusOr<Table> Read() const;

  // Keeps `table` in place of the last one, soon and on the pool; of several that wait, the newest
  // alone. Where it cannot, the last one stays, which the log says.
  void Keep(Table table);

 private:
  struct State;
  static void Write(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace weir::api

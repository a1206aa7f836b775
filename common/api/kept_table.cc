#include "common/api/kept_table.h"

#include <utility>

#include "common/async/mutex.h"
#include "common/crypto/secret_file.h"
#include "common/log/log.h"

namespace weir::api {
namespace {

// Binds the file to its use: nothing else that the key has sealed opens here.
constexpr std::string_view kContext = "edge/routing_table";
// Some hundred thousand models.
constexpr size_t kLargest = 64 * 1024 * 1024;

}  // namespace

// Shared with the work on the pool, which may come after the object's end.
struct KeptTable::State {
  State(std::string its_path, const crypto::Sealer& its_sealer, WorkerPool& its_workers)
      : path(std::move(its_path)), sealer(its_sealer), workers(its_workers) {}

  const std::string path;
  const crypto::Sealer& sealer;
  WorkerPool& workers;
  Mutex mutex;
  Table next ABSL_GUARDED_BY(mutex);
  bool writing ABSL_GUARDED_BY(mutex) = false;

  absl::Status Replace(const routing::v1::RoutingTable& table) const {
    const std::string sealed = sealer.Seal(table.SerializeAsString(), kContext);
    if (sealed.size() > kLargest) {
      return status::OutOfRange("the table has {} bytes, want at most {}", sealed.size(), kLargest);
    }
    return crypto::ReplaceSecretFile(path, sealed);
  }
};

KeptTable::KeptTable(std::string path, const crypto::Sealer& sealer, WorkerPool& workers)
    : state_(std::make_shared<State>(std::move(path), sealer, workers)) {}

absl::StatusOr<KeptTable::Table> KeptTable::Read() const {
  WEIR_ASSIGN_OR_RETURN(const std::string sealed, crypto::ReadSecretBytes(state_->path, kLargest));
  absl::StatusOr<std::string> opened = state_->sealer.Open(sealed, kContext);
  if (!opened.ok()) return status::While(opened.status(), "opening {}", state_->path);
  auto table = std::make_shared<routing::v1::RoutingTable>();
  if (!table->ParseFromString(*opened)) {
    return status::DataLoss("{} does not hold a routing table", state_->path);
  }
  return table;
}

void KeptTable::Keep(Table table) {
  {
    MutexLock lock(state_->mutex);
    state_->next = std::move(table);
    if (state_->writing) return;  // Whoever writes looks again.
    state_->writing = true;
  }
  if (state_->workers.TryPost([state = state_] { Write(state); })) return;
  log::Warn("routing.snapshot.not_kept", {{"reason", "the worker queue is full"}});
  MutexLock lock(state_->mutex);
  state_->writing = false;
}

void KeptTable::Write(const std::shared_ptr<State>& state) {
  for (;;) {
    Table table;
    {
      MutexLock lock(state->mutex);
      table = std::exchange(state->next, nullptr);
      state->writing = table != nullptr;
    }
    if (table == nullptr) return;
    const absl::Status kept = state->Replace(*table);
    // Edges that share a folder share the file: whoever writes it now has this table too.
    if (!kept.ok() && !absl::IsAborted(kept)) {
      log::Warn("routing.snapshot.not_kept", {{"reason", status::Message(kept)}});
    }
  }
}

}  // namespace weir::api

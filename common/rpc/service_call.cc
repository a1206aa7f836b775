#include "common/rpc/service_call.h"

#include <set>

#include "common/async/mutex.h"
#include "common/log/log.h"
#include "common/rpc/peer_name.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

// Refusals that were logged: one line each, however often they come.
class Told {
 public:
  bool First(std::string refusal) {
    MutexLock lock(mutex_);
    return told_.size() < kMost && told_.insert(std::move(refusal)).second;
  }

 private:
  static constexpr size_t kMost = 1000;
  Mutex mutex_;
  std::set<std::string> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::string_view ServiceCall::method() const {
  const std::string& path = context.method();
  return std::string_view(path).substr(path.rfind('/') + 1);
}

absl::Status ServiceCall::MayCall(std::string_view method_name) {
  const AccessCheck& access = shared.deps.access;
  if (!access) return absl::OkStatus();
  if (!peer_) peer_ = PeerName(context);
  const std::string& peer = *peer_;
  const std::string& service = shared.deps.registry.service();
  absl::Status may = access(peer, service, method_name);
  static Told told;
  if (!may.ok() && told.First(fmt::format("{} {}/{}", peer, service, method_name))) {
    log::Warn("rpc.refused", {{"peer", text::Excerpt(peer, 128)},
                              {"service", service},
                              {"method", text::Excerpt(method_name, 128)},
                              {"reason", status::Message(may)}});
  }
  return may;
}

}  // namespace weir::rpc

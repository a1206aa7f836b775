#include "edge/loop_services.h"

#include <optional>

#include "common/api/announcing_quota.h"

namespace weir::edge {
namespace {

class Shared final : public LoopServices {
 public:
  Shared(api::Identity& identity, api::Quota& quota, api::Routing& routing)
      : identity_(identity), quota_(quota), routing_(routing) {}
  // Begins to announce what this loop has under way.
  void Announce(asio::io_context& io, Timers& timers) {
    announcing_.emplace(quota_, timers);
    asio::co_spawn(io, announcing_->Run(), asio::detached);
  }
  api::Identity& identity() override { return identity_; }
  api::Quota& quota() override {
    if (announcing_) return *announcing_;
    return quota_;
  }
  api::Routing& routing() override { return routing_; }
  void Run(asio::io_context& io) override { io.run(); }
  std::string WhyNotReady() const override { return {}; }
  void Abandon() override {}

 private:
  api::Identity& identity_;
  api::Quota& quota_;
  api::Routing& routing_;
  std::optional<api::AnnouncingQuota> announcing_;
};

}  // namespace

MakeLoopServices SharedServices(api::Identity& identity, api::Quota& quota, api::Routing& routing,
                                bool may_lose_holds) {
  return [&, may_lose_holds](asio::io_context& io,
                             Timers& timers) -> absl::StatusOr<std::unique_ptr<LoopServices>> {
    auto services = std::make_unique<Shared>(identity, quota, routing);
    if (may_lose_holds) services->Announce(io, timers);
    return services;
  };
}

}  // namespace weir::edge

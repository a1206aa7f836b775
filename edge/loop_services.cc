#include "edge/loop_services.h"

#include <optional>

#include "common/api/announcing_quota.h"

namespace weir::edge {
namespace {

class Shared final : public LoopServices {
 public:
  explicit Shared(const Cores& cores) : cores_(cores) {}
  // Begins to announce what this loop has under way.
  void Announce(asio::io_context& io, Timers& timers) {
    announcing_.emplace(cores_.quota, timers);
    asio::co_spawn(io, announcing_->Run(), asio::detached);
  }
  api::Identity& identity() override { return cores_.identity; }
  api::Quota& quota() override {
    if (announcing_) return *announcing_;
    return cores_.quota;
  }
  api::Routing& routing() override { return cores_.routing; }
  api::Guardrails* guardrails() override { return cores_.guardrails; }
  api::Cache* cache() override { return cores_.cache; }
  void Run(asio::io_context& io) override { io.run(); }
  std::string WhyNotReady() const override { return {}; }
  void Abandon() override {}

 private:
  const Cores cores_;
  std::optional<api::AnnouncingQuota> announcing_;
};

}  // namespace

MakeLoopServices SharedServices(Cores cores) {
  return [cores](asio::io_context& io,
                 Timers& timers) -> absl::StatusOr<std::unique_ptr<LoopServices>> {
    auto services = std::make_unique<Shared>(cores);
    if (cores.may_lose_holds) services->Announce(io, timers);
    return services;
  };
}

}  // namespace weir::edge

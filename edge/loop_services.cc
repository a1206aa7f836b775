#include "edge/loop_services.h"

namespace weir::edge {
namespace {

class Shared final : public LoopServices {
 public:
  Shared(api::Identity& identity, api::Quota& quota, api::Routing& routing)
      : identity_(identity), quota_(quota), routing_(routing) {}
  api::Identity& identity() override { return identity_; }
  api::Quota& quota() override { return quota_; }
  api::Routing& routing() override { return routing_; }
  void Run(asio::io_context& io) override { io.run(); }
  std::string WhyNotReady() const override { return {}; }
  void Abandon() override {}

 private:
  api::Identity& identity_;
  api::Quota& quota_;
  api::Routing& routing_;
};

}  // namespace

MakeLoopServices SharedServices(api::Identity& identity, api::Quota& quota, api::Routing& routing) {
  return [&](asio::io_context&, Timers&) -> absl::StatusOr<std::unique_ptr<LoopServices>> {
    return std::make_unique<Shared>(identity, quota, routing);
  };
}

}  // namespace weir::edge

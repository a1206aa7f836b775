#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/api/remote_loop.h"
#include "edge/loop_services.h"

namespace weir::edge {

// What one loop asks: by its own pipes, but for the routes that all loops share.
class SuiteServices final : public LoopServices {
 public:
  SuiteServices(std::unique_ptr<api::RemoteLoop> remote, api::Routing& routing)
      : remote_(std::move(remote)), routing_(routing) {}
  api::Identity& identity() override { return remote_->identity(); }
  api::Quota& quota() override { return remote_->quota(); }
  api::Routing& routing() override { return routing_; }
  api::Guardrails* guardrails() override { return remote_->guardrails(); }
  api::Cache* cache() override { return remote_->cache(); }
  void StopLeasing() override { remote_->StopLeasing(); }
  size_t leases() const override { return remote_->leases(); }
  void Run(asio::io_context&) override { remote_->Run(); }
  std::string WhyNotReady() const override { return remote_->WhyNotReady(); }
  void Abandon() override { remote_->Abandon(); }

 private:
  const std::unique_ptr<api::RemoteLoop> remote_;
  api::Routing& routing_;
};

}  // namespace weir::edge

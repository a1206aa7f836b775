#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/api/routing.h"

namespace weir::edge::testing {

// Routing with a table that a test fills in, and plans by model name. One loop.
class FakeRouting final : public api::Routing {
 public:
  FakeRouting() { table.set_version(1); }
  ~FakeRouting() override { events_.Close(); }

  // A provider; returns its index.
  uint32_t AddProvider(const std::string& name, const std::string& base_url) {
    routing::v1::ProviderTarget& provider = *table.add_providers();
    provider.set_organization("acme");
    provider.set_name(name);
    provider.set_base_url(base_url);
    provider.set_auth_header("Authorization");
    provider.set_auth_value("Bearer provider-key");
    return static_cast<uint32_t>(table.providers_size() - 1);
  }
  // A proxy of acme under `context`.
  routing::v1::ProxyRoute& AddProxy(const std::string& name, const std::string& context) {
    routing::v1::ProxyRoute& proxy = *table.add_proxies();
    proxy.set_organization("acme");
    proxy.set_name(name);
    proxy.set_context(context);
    return proxy;
  }
  // A model that these providers answer in turn.
  void AddModel(const std::string& name, const std::vector<uint32_t>& providers) {
    routing::v1::PlanResponse& plan = plans[name];
    plan.set_model(name);
    plan.set_output_tokens_max(1'000);
    for (const uint32_t index : providers) {
      routing::v1::Attempt& attempt = *plan.add_attempts();
      attempt.set_provider_index(index);
      attempt.set_provider(table.providers(static_cast<int>(index)).name());
      attempt.set_upstream_model("up-" + name);
      attempt.set_model(name);
      attempt.set_table_version(table.version());
    }
  }
  // Hands the table to whoever watches.
  void Publish() { events_.Publish(TableEvent()); }

  asio::awaitable<absl::StatusOr<routing::v1::PlanResponse>> Plan(
      api::CallContext, routing::v1::PlanRequest request) override {
    planned.push_back(request);
    if (!unavailable.ok()) co_return unavailable;
    const auto found = plans.find(request.model());
    if (found == plans.end()) {
      co_return status::NotFound("The model '{}' does not exist", request.model());
    }
    co_return found->second;
  }
  std::shared_ptr<api::RoutingEvents> Watch(routing::v1::WatchRequest,
                                            asio::any_io_executor executor) override {
    return events_.Subscribe(std::move(executor), {TableEvent()});
  }
  asio::awaitable<absl::StatusOr<routing::v1::ReportResponse>> Report(
      api::CallContext, routing::v1::ReportRequest request) override {
    reports.push_back(request);
    while (hold_back_reports) {
      asio::steady_timer wait(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
      co_await wait.async_wait(kTuple);
    }
    co_return routing::v1::ReportResponse();
  }

  routing::v1::RoutingTable table;
  std::map<std::string, routing::v1::PlanResponse> plans;
  absl::Status unavailable;
  bool hold_back_reports = false;  // They are not answered while this is set.
  std::vector<routing::v1::PlanRequest> planned;
  std::vector<routing::v1::ReportRequest> reports;

 private:
  api::RoutingEvent TableEvent() const {
    auto event = std::make_shared<routing::v1::WatchEvent>();
    *event->mutable_table() = table;
    return event;
  }

  Broadcaster<api::RoutingEvent> events_;
};

}  // namespace weir::edge::testing

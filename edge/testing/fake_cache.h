#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/api/cache.h"

namespace weir::edge::testing {

// A cache that knows identical questions, keeps for good what it is told, and lets one lead at a
// time. One loop; tells what it was asked.
class FakeCache final : public api::Cache {
 public:
  asio::awaitable<absl::StatusOr<api::cache_pb::LookupResponse>> Lookup(
      api::CallContext call, api::cache_pb::LookupRequest request) override {
    deadlines.push_back(call.deadline);
    looked_up.push_back(request);
    while (holds_back) co_await Pause();
    if (!fails.ok()) co_return fails;
    if (answer) co_return *answer;
    co_return Answer(request);
  }
  asio::awaitable<absl::StatusOr<api::cache_pb::ConfirmResponse>> Confirm(
      api::CallContext, api::cache_pb::ConfirmRequest request) override {
    confirmed.push_back(request);
    while (holds_back) co_await Pause();
    if (!fails.ok()) co_return fails;
    co_return api::cache_pb::ConfirmResponse();
  }
  asio::awaitable<absl::StatusOr<api::cache_pb::LeadResponse>> Lead(
      api::CallContext, api::cache_pb::LeadRequest request) override {
    ++leads;
    api::cache_pb::LeadResponse response;
    if (!fails.ok()) co_return fails;
    const std::string key = KeyOf(request.partition(), request.text()) + request.principal();
    const bool waits = led_.contains(key);
    while (led_.contains(key)) co_await Pause();
    if (const auto kept = passed_on_.find(key); waits && kept != passed_on_.end()) {
      *response.mutable_recording() = kept->second;
      co_return response;
    }
    response.set_lease_id("lease-" + std::to_string(++last_lease_));
    led_[key] = response.lease_id();
    passed_on_.erase(key);
    co_return response;
  }
  asio::awaitable<absl::StatusOr<api::cache_pb::RenewResponse>> Renew(
      api::CallContext, api::cache_pb::RenewRequest request) override {
    renewed.push_back(request);
    while (stands_still) co_await Pause();
    if (!fails_to_renew.ok()) co_return fails_to_renew;
    if (!fails.ok()) co_return fails;
    api::cache_pb::RenewResponse response;
    for (const auto& [key, lease] : led_) {
      if (lease == request.lease_id()) response.set_held(true);
    }
    co_return response;
  }
  asio::awaitable<absl::StatusOr<api::cache_pb::ReleaseResponse>> Release(
      api::CallContext, api::cache_pb::ReleaseRequest request) override {
    released.push_back(request);
    EndLease(request.lease_id());
    co_return api::cache_pb::ReleaseResponse();
  }
  asio::awaitable<absl::StatusOr<api::cache_pb::RecordResponse>> Record(
      api::CallContext, api::cache_pb::RecordRequest request) override {
    recorded.push_back(request);
    while (holds_back) co_await Pause();
    if (!fails.ok()) co_return fails;
    if (!request.pass_on_only()) {
      kept_[KeyOf(request.partition(), request.text())] = request.recording();
    }
    const std::string led = EndLease(request.lease_id());
    if (!led.empty()) passed_on_[led] = request.recording();
    api::cache_pb::RecordResponse response;
    response.set_stored(!request.pass_on_only());
    co_return response;
  }
  std::shared_ptr<api::CacheEvents> Watch(api::cache_pb::WatchRequest,
                                          asio::any_io_executor executor) override {
    if (!has_table) return events.Subscribe(std::move(executor));
    return events.Subscribe(std::move(executor), {TableEvent()});
  }
  ~FakeCache() override { events.Close(); }
  void Publish() { events.Publish(TableEvent()); }
  // Leads that nobody has ended.
  size_t open_leases() const { return led_.size(); }

  // Somebody else leads from now on.
  void LoseLeases() { led_.clear(); }

  bool holds_back = false;  // Look-ups, confirmations and records are not answered while it is set.
  absl::Status fails;       // What all but Release answer, unless it is OK.
  bool stands_still = false;    // Renewals are not answered while it is set.
  absl::Status fails_to_renew;  // What Renew answers, unless it is OK.
  std::string kind = "exact";
  std::optional<api::cache_pb::LookupResponse> answer;  // Instead of what it keeps.
  api::cache_pb::PolicyTable table;
  bool has_table = false;  // Whoever watches gets it at once.
  int leads = 0;           // How often Lead was asked.
  Broadcaster<api::CacheEvent> events;
  std::vector<MonotonicTime> deadlines;
  std::vector<api::cache_pb::LookupRequest> looked_up;
  std::vector<api::cache_pb::ConfirmRequest> confirmed;
  std::vector<api::cache_pb::RenewRequest> renewed;
  std::vector<api::cache_pb::ReleaseRequest> released;
  std::vector<api::cache_pb::RecordRequest> recorded;

 private:
  api::CacheEvent TableEvent() const {
    auto event = std::make_shared<api::cache_pb::WatchEvent>();
    *event->mutable_table() = table;
    return event;
  }
  static std::string KeyOf(const api::cache_pb::Partition& partition, const std::string& text) {
    return partition.SerializeAsString() + text;
  }
  api::cache_pb::LookupResponse Answer(const api::cache_pb::LookupRequest& request) const {
    api::cache_pb::LookupResponse response;
    const auto found = kept_.find(KeyOf(request.partition(), request.text()));
    if (found == kept_.end()) {
      response.set_reason("empty");
      return response;
    }
    response.set_hit(true);
    response.set_kind(kind);
    response.set_similarity(1);
    response.set_entry_id("entry");
    response.mutable_age()->set_seconds(5);
    *response.mutable_recording() = found->second;
    return response;
  }
  // What it was for.
  std::string EndLease(const std::string& lease) {
    for (const auto& [key, id] : led_) {
      if (id != lease) continue;
      const std::string led = key;
      led_.erase(led);
      return led;
    }
    return "";
  }
  static asio::awaitable<void> Pause() {
    asio::steady_timer wait(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await wait.async_wait(kTuple);
  }

  std::map<std::string, api::cache_pb::Recording> kept_;
  std::map<std::string, api::cache_pb::Recording> passed_on_;
  std::map<std::string, std::string> led_;
  int last_lease_ = 0;
};

}  // namespace weir::edge::testing

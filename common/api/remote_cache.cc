#include "common/api/remote_cache.h"

#include "common/api/remote_call.h"
#include "common/api/remote_watch.h"

namespace weir::api {
namespace {

// What nobody's request waits for.
constexpr Duration kPatient = std::chrono::seconds(30);
// A little more than the service lets anybody wait.
constexpr Duration kLeading = std::chrono::seconds(31);
// Who lags more watches again, and gets the newest alone.
constexpr size_t kWatchLag = 16;

constexpr rpc::PipeMethod kLookup{.name = "Lookup", .idempotent = true};
// Asked twice it would count twice.
constexpr rpc::PipeMethod kConfirm{.name = "Confirm", .urgent = false, .timeout = kPatient};
// Asked twice it would wait for itself.
constexpr rpc::PipeMethod kLead{.name = "Lead", .urgent = false, .timeout = kLeading};
// What ends the waiting of others must not stand in line behind them: not with kLead.
constexpr rpc::PipeMethod kRenew{.name = "Renew", .idempotent = true};
constexpr rpc::PipeMethod kRelease{.name = "Release", .idempotent = true};
// The second takes the place of the first.
constexpr rpc::PipeMethod kRecord{.name = "Record", .idempotent = true, .timeout = kPatient};

// Between a lease and the address of the replica that granted it, which is in no lease.
constexpr char kAt = '@';

// Cuts off where the lease is; empty: it says nothing of that.
std::string TakeAddress(std::string& lease_id) {
  const size_t at = lease_id.find(kAt);
  if (at == std::string::npos) return "";
  std::string address = lease_id.substr(at + 1);
  lease_id.resize(at);
  return address;
}

// What all equal requests of one principal have in common.
std::string KeyOf(const cache_pb::LeadRequest& request) {
  return request.partition().organization() + '\0' + request.partition().policy() + '\0' +
         request.principal() + '\0' + request.text();
}

// Events as the readers of one process share them.
class SharedEvents final : public CacheEvents {
 public:
  explicit SharedEvents(std::shared_ptr<EventStream<cache_pb::WatchEvent>> events)
      : events_(std::move(events)) {}
  asio::awaitable<absl::StatusOr<CacheEvent>> Next() override {
    absl::StatusOr<cache_pb::WatchEvent> event = co_await events_->Next();
    if (!event.ok()) co_return event.status();
    co_return std::make_shared<const cache_pb::WatchEvent>(*std::move(event));
  }
  void End() override { events_->End(); }

 private:
  const std::shared_ptr<EventStream<cache_pb::WatchEvent>> events_;
};

}  // namespace

asio::awaitable<absl::StatusOr<cache_pb::LookupResponse>> RemoteCache::Lookup(
    CallContext call, cache_pb::LookupRequest request) {
  std::string organization = request.partition().organization();
  return RemoteCall<cache_pb::LookupResponse>(&client_, kLookup, call, std::move(organization),
                                              std::move(request));
}

asio::awaitable<absl::StatusOr<cache_pb::ConfirmResponse>> RemoteCache::Confirm(
    CallContext call, cache_pb::ConfirmRequest request) {
  std::string organization = request.partition().organization();
  return RemoteCall<cache_pb::ConfirmResponse>(&client_, kConfirm, call, std::move(organization),
                                               std::move(request));
}

// Those who are to meet ask one replica, and a lease is known where it was granted.
asio::awaitable<absl::StatusOr<cache_pb::LeadResponse>> RemoteCache::Lead(
    CallContext call, cache_pb::LeadRequest request) {
  std::string organization = request.partition().organization();
  const std::string address = client_.replicas().AddressFor(KeyOf(request));
  auto led = co_await RemoteCall<cache_pb::LeadResponse>(
      &client_, kLead, call, std::move(organization), std::move(request), address);
  if (led.ok() && !led->lease_id().empty()) led->mutable_lease_id()->append(kAt + address);
  co_return led;
}

asio::awaitable<absl::StatusOr<cache_pb::RenewResponse>> RemoteCache::Renew(
    CallContext call, cache_pb::RenewRequest request) {
  std::string organization = request.organization();
  std::string address = TakeAddress(*request.mutable_lease_id());
  return RemoteCall<cache_pb::RenewResponse>(&client_, kRenew, call, std::move(organization),
                                             std::move(request), std::move(address));
}

asio::awaitable<absl::StatusOr<cache_pb::ReleaseResponse>> RemoteCache::Release(
    CallContext call, cache_pb::ReleaseRequest request) {
  std::string organization = request.organization();
  std::string address = TakeAddress(*request.mutable_lease_id());
  return RemoteCall<cache_pb::ReleaseResponse>(&client_, kRelease, call, std::move(organization),
                                               std::move(request), std::move(address));
}

asio::awaitable<absl::StatusOr<cache_pb::RecordResponse>> RemoteCache::Record(
    CallContext call, cache_pb::RecordRequest request) {
  std::string organization = request.partition().organization();
  std::string address = TakeAddress(*request.mutable_lease_id());
  return RemoteCall<cache_pb::RecordResponse>(&client_, kRecord, call, std::move(organization),
                                              std::move(request), std::move(address));
}

std::shared_ptr<CacheEvents> RemoteCache::Watch(cache_pb::WatchRequest request,
                                                asio::any_io_executor executor) {
  return std::make_shared<SharedEvents>(
      RemoteWatch<cache_pb::WatchEvent>(client_, request, std::move(executor), kWatchLag));
}

}  // namespace weir::api

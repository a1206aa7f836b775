#include "services/identity/identity_service.h"

#include "common/status/detail.h"
#include "services/identity/judgement.h"

namespace weir::identity {
namespace {

using common::v1::AuthFailure;

absl::Status WithSequence(const absl::Status& refusal, uint64_t sequence) {
  if (!absl::IsUnauthenticated(refusal)) return refusal;
  v1::AuthenticateResponse response;
  response.set_sequence(sequence);
  return status::WithDetail(refusal, response);
}

// Runs on the pool, so it knows only what it was given.
absl::StatusOr<v1::AuthenticateResponse> LookUp(const IdentityService::Deps& deps,
                                                MonotonicTime deadline, const std::string& digest) {
  if (deps.clock.Monotonic() >= deadline) {
    return status::DeadlineExceeded("authenticating: the call waited too long for its turn");
  }
  v1::AuthenticateResponse response;
  // Before the directory is read: the answer may be newer than this says, never older.
  response.set_sequence(deps.feed.sequence());
  const absl::Status judged = deps.directory.Read([&](DirectoryReader& reader) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(*response.mutable_principal(), Judge(reader, digest, deps.clock.Now()));
    return absl::OkStatus();
  });
  if (!judged.ok()) return WithSequence(judged, response.sequence());
  return response;
}

}  // namespace

IdentityService::IdentityService(IdentityConfig config, Deps deps)
    : config_(std::move(config)), deps_(deps) {}

asio::awaitable<absl::StatusOr<v1::AuthenticateResponse>> IdentityService::Authenticate(
    api::CallContext call, v1::AuthenticateRequest request) {
  const std::string& key = request.api_key();
  const uint64_t sequence = deps_.feed.sequence();
  if (key.empty()) co_return WithSequence(Refusal(AuthFailure::REASON_MISSING), sequence);
  if (!CheckKeyShape(key, config_.key_rule()).ok()) {
    co_return WithSequence(Refusal(AuthFailure::REASON_MALFORMED), sequence);
  }
  auto look_up = [deps = deps_, deadline = call.deadline, digest = deps_.hasher(key)] {
    return LookUp(deps, deadline, digest);
  };
  absl::StatusOr<v1::AuthenticateResponse> response =
      co_await RunOn(deps_.workers, std::move(look_up));
  co_return response;
}

std::shared_ptr<EventStream<v1::WatchEvent>> IdentityService::Watch(
    v1::WatchRequest, asio::any_io_executor executor) {
  return deps_.feed.Watch(std::move(executor));
}

}  // namespace weir::identity

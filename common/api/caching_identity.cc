#include "common/api/caching_identity.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <span>

#include "common/status/detail.h"

namespace weir::api {
namespace {

constexpr int kMostTries = 3;

std::string NewHmacKey(Random& random) {
  std::string key(32, '\0');
  random.Fill(std::as_writable_bytes(std::span(key)));
  return key;
}

CachingIdentity::Resolved ResolvedOf(const PrincipalCache::Entry& entry, bool stale) {
  return {.principal = entry.principal, .sequence = entry.sequence, .stale = stale};
}

}  // namespace

// One question to identity, and who waits for its answer.
struct CachingIdentity::Asking {
  explicit Asking(const CredentialId& its_id) : id(its_id) {}
  const CredentialId id;
  std::optional<absl::StatusOr<Resolved>> outcome;
  std::vector<std::weak_ptr<asio::steady_timer>> waiting;
};

CachingIdentity::CachingIdentity(Options options, Deps deps)
    : options_(options),
      deps_(deps),
      hmac_(NewHmacKey(deps.random)),
      cache_(options.cache, deps.timers.clock()) {}

CredentialId CachingIdentity::IdOf(std::string_view credential) const {
  const crypto::Digest digest = hmac_(credential);
  CredentialId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

PrincipalPtr CachingIdentity::FindFresh(std::string_view credential) {
  const PrincipalCache::Entry* entry = cache_.FindFresh(IdOf(credential));
  return entry == nullptr ? nullptr : entry->principal;
}

asio::awaitable<absl::StatusOr<CachingIdentity::Resolved>> CachingIdentity::Resolve(
    CallContext call, std::string credential) {
  const CredentialId id = IdOf(credential);
  if (const PrincipalCache::Entry* fresh = cache_.FindFresh(id))
    co_return ResolvedOf(*fresh, false);
  if (absl::Status refused = cache_.FindRefusal(id); !refused.ok()) co_return refused;

  const MonotonicTime now = deps_.timers.clock().Monotonic();
  MonotonicTime until = call.deadline;
  if (const PrincipalCache::Entry* known = cache_.FindUsable(id)) {
    if (now < known->ask_again_at) co_return ResolvedOf(*known, true);
    until = std::min(until, now + options_.patience);
  }
  auto executor = co_await asio::this_coro::executor;
  AskingPtr asking = Ask(id, std::move(credential), executor);
  if (asking == nullptr) {
    co_return AfterFailure(id, status::Unavailable("too many keys are being looked up"));
  }
  // An answer may have come without any waiting.
  if (!asking->outcome) co_await Wait(asking, until);
  if (!asking->outcome) {
    co_return AfterFailure(id, status::DeadlineExceeded("identity did not answer in time"));
  }
  if (!asking->outcome->ok()) co_return AfterFailure(id, asking->outcome->status());
  co_return **asking->outcome;
}

absl::StatusOr<CachingIdentity::Resolved> CachingIdentity::AfterFailure(
    const CredentialId& id, const absl::Status& failure) {
  if (absl::IsUnauthenticated(failure)) return failure;
  cache_.PostponeAsking(id);
  if (const PrincipalCache::Entry* known = cache_.FindUsable(id)) return ResolvedOf(*known, true);
  return failure;
}

CachingIdentity::AskingPtr CachingIdentity::Ask(const CredentialId& id, std::string credential,
                                                asio::any_io_executor executor) {
  auto found = asking_.find(id);
  if (found != asking_.end()) return found->second;
  if (asking_.size() >= options_.max_asking) return nullptr;
  auto asking = std::make_shared<Asking>(id);
  asking_.emplace(id, asking);
  // On its own, so that the question outlives the caller who was first.
  asio::co_spawn(executor, RunAsking(asking, std::move(credential)), asio::detached);
  return asking;
}

asio::awaitable<void> CachingIdentity::RunAsking(AskingPtr asking, std::string credential) {
  for (int tries = 1;; ++tries) {
    const uint64_t asked_at = cache_.sequence();
    const CallContext call = {.deadline = deps_.timers.clock().Monotonic() + options_.ask_timeout};
    identity_pb::AuthenticateRequest request;
    request.set_api_key(credential);
    Answer answer = co_await deps_.inner.Authenticate(call, std::move(request));
    const bool superseded = IsSuperseded(answer, asked_at);
    if (superseded && tries < kMostTries) continue;
    Settle(*asking, std::move(answer), superseded);
    co_return;
  }
}

bool CachingIdentity::IsSuperseded(const Answer& answer, uint64_t asked_at) const {
  if (answer.ok()) return cache_.IsSuperseded(*answer);
  if (!absl::IsUnauthenticated(answer.status())) return false;
  const auto read = status::Detail<identity_pb::AuthenticateResponse>(answer.status());
  return cache_.IsRefusalSuperseded(read ? read->sequence() : asked_at);
}

void CachingIdentity::Settle(Asking& asking, Answer answer, bool superseded) {
  if (answer.ok() && superseded) {
    answer = status::Unavailable("the key changes faster than it can be looked up");
  }
  if (answer.ok()) {
    const auto& entry = cache_.StorePrincipal(asking.id, *std::move(answer));
    asking.outcome = ResolvedOf(entry, false);
  } else {
    if (absl::IsUnauthenticated(answer.status()) && !superseded) {
      cache_.StoreRefusal(asking.id, answer.status());
    }
    asking.outcome = answer.status();
  }
  for (const auto& each : asking.waiting) {
    if (auto waiter = each.lock()) waiter->cancel();
  }
  asking_.erase(asking.id);
}

asio::awaitable<void> CachingIdentity::Wait(AskingPtr asking, MonotonicTime until) {
  auto executor = co_await asio::this_coro::executor;
  auto wake = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  asking->waiting.push_back(wake);
  Timers::Id alarm = 0;
  if (until != MonotonicTime::max()) {
    alarm = deps_.timers.At(until, [weak = std::weak_ptr(wake)] {
      if (auto waiter = weak.lock()) waiter->cancel();
    });
  }
  // Its own cancellation ends the wait too: then there is no outcome, and the caller is gone.
  co_await wake->async_wait(kTuple);
  if (alarm != 0) deps_.timers.Cancel(alarm);
}

asio::awaitable<absl::StatusOr<identity_pb::AuthenticateResponse>> CachingIdentity::Authenticate(
    CallContext call, identity_pb::AuthenticateRequest request) {
  std::string credential = std::move(*request.mutable_api_key());
  absl::StatusOr<Resolved> resolved = co_await Resolve(call, std::move(credential));
  WEIR_CO_RETURN_IF_ERROR(resolved.status());
  identity_pb::AuthenticateResponse response;
  *response.mutable_principal() = *resolved->principal;
  response.set_sequence(resolved->sequence);
  co_return response;
}

std::shared_ptr<EventStream<identity_pb::WatchEvent>> CachingIdentity::Watch(
    identity_pb::WatchRequest request, asio::any_io_executor executor) {
  return deps_.inner.Watch(std::move(request), std::move(executor));
}

asio::awaitable<void> CachingIdentity::Run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    identity_pb::WatchRequest request;
    request.set_after_sequence(cache_.sequence());
    auto stream = deps_.inner.Watch(std::move(request), executor);
    absl::StatusOr<identity_pb::WatchEvent> event = co_await stream->Next();
    while (event.ok()) {
      cache_.Apply(*event);
      const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) co_return;
      event = co_await stream->Next();
    }
    co_await SleepFor(deps_.timers, options_.watch_pause);
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
  }
}

}  // namespace weir::api

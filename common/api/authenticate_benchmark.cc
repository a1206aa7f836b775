// What a known key costs on the hot path: 10,000 keys, each as likely as the others.
#include <benchmark/benchmark.h>

#include <vector>

#include "common/api/caching_identity.h"

namespace weir::api {
namespace {

class InstantIdentity final : public Identity {
 public:
  asio::awaitable<absl::StatusOr<identity_pb::AuthenticateResponse>> Authenticate(
      CallContext, identity_pb::AuthenticateRequest request) override {
    identity_pb::AuthenticateResponse response;
    response.mutable_principal()->set_organization("acme");
    response.mutable_principal()->set_key_public_id(request.api_key().substr(3, 12));
    co_return response;
  }
  std::shared_ptr<EventStream<identity_pb::WatchEvent>> Watch(
      identity_pb::WatchRequest, asio::any_io_executor executor) override {
    identity_pb::WatchEvent heartbeat;
    heartbeat.mutable_heartbeat();
    return heartbeats.Subscribe(executor, {heartbeat});
  }
  Broadcaster<identity_pb::WatchEvent> heartbeats;
};

void BM_FindFresh(benchmark::State& state) {
  asio::io_context loop;
  SystemClock clock;
  AsioTimers timers(loop, clock);
  SecureRandom random;
  InstantIdentity inner;
  CachingIdentity::Options options;
  options.cache.silence = std::chrono::hours(1);
  CachingIdentity cached(options, {.inner = inner, .timers = timers, .random = random});
  asio::co_spawn(loop, cached.Run(), asio::detached);
  std::vector<std::string> keys;
  for (int i = 0; i < state.range(0); ++i) {
    keys.push_back("wr_" + RandomBase62(random, 12) + "_" + RandomBase62(random, 49));
    asio::co_spawn(loop, cached.Resolve({}, keys.back()), [](auto&&...) {});
    loop.restart();
    loop.poll();
  }
  size_t next = 0;
  for (auto _ : state) {
    PrincipalPtr principal = cached.FindFresh(keys[next]);
    if (principal == nullptr) state.SkipWithError("not fresh");
    benchmark::DoNotOptimize(principal);
    next = (next + 7919) % keys.size();
  }
}
BENCHMARK(BM_FindFresh)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace weir::api

#include "services/routing/redis_suspensions.h"

#include <algorithm>
#include <array>

#include "common/log/log.h"
#include "common/time/proto_time.h"

namespace weir::routing {
namespace {

constexpr std::string_view kChannel = "w1:r:failed";
constexpr std::string_view kOut = "w1:r:out";
constexpr Duration kPause = std::chrono::seconds(1);

// 1 what is out, 2 the channel. A day is longer than any suspension.
constexpr std::string_view kTell = R"(
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'rows', ARGV[1], 'at', time[1] * 1000000 + time[2])
redis.call('EXPIRE', KEYS[1], 86400)
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
)";
// What is out, and how long ago that was, in microseconds.
constexpr std::string_view kRead = R"(
local found = redis.call('HMGET', KEYS[1], 'rows', 'at')
if not found[1] then return {} end
local time = redis.call('TIME')
return {found[1], time[1] * 1000000 + time[2] - found[2]}
)";

const redis::Script& Writing() {
  static const redis::Script script = redis::MakeScript(std::string(kTell));
  return script;
}
const redis::Script& Reading() {
  static const redis::Script script = redis::MakeScript(std::string(kRead));
  return script;
}

void Age(v1::Suspensions& suspensions, Duration by) {
  for (v1::Suspension& each : *suspensions.mutable_suspensions()) {
    const Duration age = FromProto(each.age()).value_or(Duration::zero());
    *each.mutable_age() = ToProto(age + by);
  }
}

}  // namespace

RedisSuspensions::RedisSuspensions(Deps deps)
    : deps_(std::move(deps)),
      client_(
          redis::MakeClient(deps_.loop.get_executor(), deps_.timers, deps_.random, deps_.route)) {
  deps_.routing.OnFailures([this] {
    untold_ = true;
    if (std::exchange(telling_, true)) return;
    asio::co_spawn(deps_.loop, Tell(), asio::detached);
  });
}

// One message at a time, of all that is out then: nothing piles up while Redis is slow.
asio::awaitable<void> RedisSuspensions::Tell() {
  while (std::exchange(untold_, false)) {
    told_ = deps_.routing.Out().SerializeAsString();
    const std::array<std::string_view, 1> keys{kOut};
    const std::array<std::string_view, 2> arguments{told_, kChannel};
    const absl::StatusOr<redis::Reply> told = co_await redis::Eval(
        *client_, &Writing(), redis::EncodeEval(Writing(), keys, arguments), Deadline());
    if (told.ok()) continue;
    log::Debug("routing.suspensions.untold", {{"reason", status::Message(told.status())}});
    break;
  }
  telling_ = false;
}

asio::awaitable<void> RedisSuspensions::LearnAll() {
  const std::array<std::string_view, 1> keys{kOut};
  const absl::StatusOr<redis::Reply> reply = co_await redis::Eval(
      *client_, &Reading(), redis::EncodeEval(Reading(), keys, {}), Deadline());
  if (!reply.ok() || reply->items.size() != 2) co_return;
  v1::Suspensions out;
  if (!out.ParseFromString(reply->items[0].text)) co_return;
  Age(out, std::chrono::microseconds(std::max<int64_t>(0, reply->items[1].integer)));
  deps_.routing.Learn(out);
}

MonotonicTime RedisSuspensions::Deadline() const {
  return deps_.timers.clock().Monotonic() + deps_.route->config.command_timeout;
}

asio::awaitable<void> RedisSuspensions::Run() {
  for (;;) {
    const auto events = redis::Subscribe(deps_.loop.get_executor(), deps_.timers, deps_.random,
                                         deps_.route, {std::string(kChannel)});
    for (;;) {
      const absl::StatusOr<redis::PubSubEvent> event = co_await events->Next();
      if (!event.ok()) break;  // It fell behind.
      if (event->kind == redis::PubSubEvent::Kind::kSubscribed) {
        co_await LearnAll();
        continue;
      }
      if (event->message == told_) continue;  // Our own.
      v1::Suspensions out;
      if (out.ParseFromString(event->message)) deps_.routing.Learn(out);
    }
    co_await SleepFor(deps_.timers, kPause);
  }
}

}  // namespace weir::routing

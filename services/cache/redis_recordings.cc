#include "services/cache/redis_recordings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/text/ascii.h"
#include "common/text/hex.h"
#include "common/text/parse.h"

namespace weir::cache {
namespace {

constexpr std::string_view kLog = "w1:sc:log";
constexpr std::string_view kBodies = "w1:sc:b:";
constexpr std::string_view kLeases = "w1:sc:l:";
constexpr std::string_view kNothing = "0-0";
constexpr Duration kPause = std::chrono::milliseconds(500);
constexpr Duration kBlock = std::chrono::seconds(2);
constexpr std::string_view kBlockMs = "2000";
constexpr std::string_view kEventsAtOnce = "256";
constexpr std::string_view kKeysAtOnce = "256";
constexpr Duration kFlushPause = std::chrono::milliseconds(5);
constexpr int kFlushTurns = 1000;

// 1 the body, 2 the log; 1 version, 2 organisation, 3 sealed, 4 milliseconds, 5 entries of the log,
// 6 id, 7 replica. Two replicas may put one id: the higher version stays.
constexpr std::string_view kPut = R"(
local have = redis.call('HGET', KEYS[1], 'v')
if have and tonumber(have) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'o', ARGV[2], 's', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*',
           'op', 'put', 'id', ARGV[6], 'o', ARGV[2], 'r', ARGV[7])
return 1
)";
// 1 the body, 2 the log; 1 organisation, 2 entries of the log, 3 id, 4 replica. What is gone
// already may still be in the memory of others.
constexpr std::string_view kForget = R"(
local owner = redis.call('HGET', KEYS[1], 'o')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*',
           'op', 'forget', 'id', ARGV[3], 'o', ARGV[1], 'r', ARGV[4])
return 1
)";
constexpr std::string_view kRenew = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)";
constexpr std::string_view kDrop = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)";

const redis::Script& PutScript() {
  static const redis::Script script = redis::MakeScript(std::string(kPut));
  return script;
}
const redis::Script& ForgetScript() {
  static const redis::Script script = redis::MakeScript(std::string(kForget));
  return script;
}
const redis::Script& RenewScript() {
  static const redis::Script script = redis::MakeScript(std::string(kRenew));
  return script;
}
const redis::Script& DropScript() {
  static const redis::Script script = redis::MakeScript(std::string(kDrop));
  return script;
}

std::string BodyKey(std::string_view id) { return std::string(kBodies) + std::string(id); }
std::string LeaseKey(std::string_view flight) {
  return std::string(kLeases) + text::HexEncode(flight);
}
std::string Milliseconds(Duration time) {
  return std::to_string(std::max<int64_t>(1, time / std::chrono::milliseconds(1)));
}

// "1763719200000-3": of two, the earlier is the smaller pair. Nothing: it is no offset.
std::optional<std::pair<uint64_t, uint64_t>> ReadOffset(std::string_view text) {
  const auto parts = text::SplitOnce(text, '-');
  if (!parts) return std::nullopt;
  const auto time = text::ParseUint64(parts->first);
  const auto number = text::ParseUint64(parts->second);
  if (!time || !number) return std::nullopt;
  return std::pair(*time, *number);
}

// The value of `name` in a list of names and values.
std::string FieldOf(const redis::Reply& fields, std::string_view name) {
  for (size_t i = 0; i + 1 < fields.items.size(); i += 2) {
    if (fields.items[i].text == name) return fields.items[i + 1].text;
  }
  return "";
}

}  // namespace

RedisRecordings::RedisRecordings(Options options, Deps deps)
    : options_(options),
      deps_(std::move(deps)),
      replica_(RandomBase62(deps_.random, 12)),
      client_(
          redis::MakeClient(deps_.loop.get_executor(), deps_.timers, deps_.random, deps_.route)) {
  if (deps_.metrics == nullptr) return;
  dropped_ =
      &deps_.metrics->NewCounter("weir_cache_store_dropped_total",
                                 "Answers, and answers to forget, that the store did not take.");
  waiting_gauge_ =
      &deps_.metrics->NewGauge("weir_cache_store_waiting", "Steps that wait for Redis.");
}

MonotonicTime RedisRecordings::Deadline() const {
  return deps_.timers.clock().Monotonic() + deps_.route->config.command_timeout;
}

asio::awaitable<absl::StatusOr<redis::Reply>> RedisRecordings::Ask(std::string command) {
  return client_->Call(std::move(command), Deadline());
}

void RedisRecordings::Put(v1::StoredAnswer answer) {
  const size_t bytes = answer.ByteSizeLong();
  Add(std::move(answer), bytes);
}

void RedisRecordings::Forget(const std::string& organization, const std::string& id) {
  Add(Forgotten{.organization = organization, .id = id}, 0);
}

void RedisRecordings::Drop(std::string flight, std::string lease_id) {
  Add(Dropped{.flight = std::move(flight), .lease_id = std::move(lease_id)}, 0);
}

void RedisRecordings::Add(Step step, size_t bytes) {
  if (!Queue(std::move(step), bytes)) return;
  // Not under the lock: on the loop's own thread it begins at once.
  asio::co_spawn(deps_.loop, Write(), asio::detached);
}

bool RedisRecordings::Queue(Step step, size_t bytes) {
  MutexLock lock(mutex_);
  if (waiting_.size() >= kMaxWaiting || waiting_bytes_ + bytes > kMaxWaitingBytes) {
    if (dropped_ != nullptr) dropped_->Add();
    return false;
  }
  if (const auto* put = std::get_if<v1::StoredAnswer>(&step); put != nullptr && reading_all_) {
    put_meanwhile_.insert(put->id());
  }
  waiting_.push_back(std::move(step));
  waiting_bytes_ += bytes;
  if (waiting_gauge_ != nullptr) waiting_gauge_->Set(static_cast<double>(waiting_.size()));
  return !std::exchange(writing_, true);
}

// One step at a time, in their order: a step that cannot be done now is tried again.
asio::awaitable<void> RedisRecordings::Write() {
  for (;;) {
    const Step* step = nullptr;
    {
      MutexLock lock(mutex_);
      if (waiting_.empty()) {
        writing_ = false;
        co_return;
      }
      step = &waiting_.front();  // Only this coroutine takes away; others add at the end.
    }
    const absl::Status written = co_await WriteOne(step);
    const bool is_away = written.code() == absl::StatusCode::kUnavailable ||
                         written.code() == absl::StatusCode::kDeadlineExceeded;
    if (is_away) {
      co_await SleepFor(deps_.timers, kPause);
      continue;
    }
    if (!written.ok()) {
      if (dropped_ != nullptr) dropped_->Add();
      log::Warn("cache.store.failed", {{"steps", 1}, {"reason", status::Message(written)}});
    }
    MutexLock lock(mutex_);
    const auto* put = std::get_if<v1::StoredAnswer>(&waiting_.front());
    if (put != nullptr) waiting_bytes_ -= put->ByteSizeLong();
    waiting_.pop_front();
    if (waiting_gauge_ != nullptr) waiting_gauge_->Set(static_cast<double>(waiting_.size()));
  }
}

std::string RedisRecordings::PutCommand(const v1::StoredAnswer& answer) const {
  const std::string& organization = answer.partition().organization();
  const std::string key = BodyKey(answer.id());
  const std::string version = std::to_string(answer.version());
  const std::string sealed =
      deps_.sealer.Seal(answer.SerializeAsString(), SealContext(organization));
  const std::string left = Milliseconds(FromUnixMicros(answer.expires_us()) - deps_.clock.Now());
  const std::string entries = std::to_string(options_.log_entries);
  const std::array<std::string_view, 2> keys{key, kLog};
  const std::array<std::string_view, 7> arguments{version, organization, sealed,  left,
                                                  entries, answer.id(),  replica_};
  return redis::EncodeEval(PutScript(), keys, arguments);
}

asio::awaitable<absl::Status> RedisRecordings::WriteOne(const Step* step) {
  const redis::Script* script = nullptr;
  std::string command;
  if (const auto* put = std::get_if<v1::StoredAnswer>(step)) {
    if (FromUnixMicros(put->expires_us()) <= deps_.clock.Now()) co_return absl::OkStatus();
    script = &PutScript();
    command = PutCommand(*put);
  } else if (const auto* forgotten = std::get_if<Forgotten>(step)) {
    script = &ForgetScript();
    const std::string key = BodyKey(forgotten->id);
    const std::string entries = std::to_string(options_.log_entries);
    const std::array<std::string_view, 2> keys{key, kLog};
    const std::array<std::string_view, 4> arguments{forgotten->organization, entries, forgotten->id,
                                                    replica_};
    command = redis::EncodeEval(*script, keys, arguments);
  } else {
    const Dropped& dropped = std::get<Dropped>(*step);
    script = &DropScript();
    const std::string key = LeaseKey(dropped.flight);
    const std::array<std::string_view, 1> keys{key};
    const std::array<std::string_view, 1> arguments{dropped.lease_id};
    command = redis::EncodeEval(*script, keys, arguments);
  }
  const absl::StatusOr<redis::Reply> reply =
      co_await redis::Eval(*client_, script, std::move(command), Deadline());
  co_return reply.status();
}

asio::awaitable<absl::StatusOr<std::string>> RedisRecordings::LastOffset() {
  const absl::StatusOr<redis::Reply> last =
      co_await Ask(redis::Encode({"XREVRANGE", kLog, "+", "-", "COUNT", "1"}));
  if (!last.ok()) co_return last.status();
  if (last->items.empty() || last->items[0].items.empty()) co_return std::string(kNothing);
  co_return last->items[0].items[0].text;
}

asio::awaitable<absl::StatusOr<v1::StoredAnswer>> RedisRecordings::ReadBody(std::string key) {
  const absl::StatusOr<redis::Reply> body = co_await Ask(redis::Encode({"HMGET", key, "o", "s"}));
  if (!body.ok()) co_return body.status();
  const bool there =
      body->items.size() == 2 && body->items[0].is_text() && body->items[1].is_text();
  if (!there) co_return status::NotFound("it is over");
  const absl::StatusOr<std::string> plain =
      deps_.sealer.Open(body->items[1].text, SealContext(body->items[0].text));
  if (!plain.ok()) co_return status::NotFound("it does not open");
  v1::StoredAnswer answer;
  const bool good =
      answer.ParseFromString(*plain) && answer.partition().organization() == body->items[0].text;
  if (!good) co_return status::NotFound("it is no answer");
  co_return answer;
}

asio::awaitable<absl::StatusOr<RedisRecordings::Ids>> RedisRecordings::ReadAll(Sink sink) {
  Ids ids;
  std::string cursor = "0";
  const std::string pattern = std::string(kBodies) + "*";
  do {
    const absl::StatusOr<redis::Reply> page =
        co_await Ask(redis::Encode({"SCAN", cursor, "MATCH", pattern, "COUNT", kKeysAtOnce}));
    if (!page.ok()) co_return page.status();
    if (page->items.size() != 2) co_return status::Internal("SCAN answered something else");
    cursor = page->items[0].text;
    for (const redis::Reply& key : page->items[1].items) {
      absl::StatusOr<v1::StoredAnswer> answer = co_await ReadBody(key.text);
      if (answer.status().code() == absl::StatusCode::kNotFound) continue;
      if (!answer.ok()) co_return answer.status();
      // A key may come twice.
      if (ids.insert(answer->id()).second) sink(*std::move(answer));
    }
  } while (cursor != "0");
  co_return ids;
}

asio::awaitable<absl::Status> RedisRecordings::LoadHere(Sink sink) {
  absl::StatusOr<std::string> offset = co_await LastOffset();
  if (!offset.ok()) co_return offset.status();
  const absl::StatusOr<Ids> ids = co_await ReadAll(std::move(sink));
  if (!ids.ok()) co_return ids.status();
  offset_ = *std::move(offset);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> RedisRecordings::Load(Sink sink) {
  co_return co_await asio::co_spawn(deps_.loop, LoadHere(std::move(sink)), asio::use_awaitable);
}

asio::awaitable<absl::StatusOr<bool>> RedisRecordings::HasGap() {
  const absl::StatusOr<redis::Reply> first =
      co_await Ask(redis::Encode({"XRANGE", kLog, "-", "+", "COUNT", "1"}));
  if (!first.ok()) co_return first.status();
  if (offset_.empty()) co_return true;
  if (offset_ == kNothing) co_return false;
  if (first->items.empty() || first->items[0].items.empty()) co_return true;
  const auto oldest = ReadOffset(first->items[0].items[0].text);
  const auto ours = ReadOffset(offset_);
  if (!oldest || !ours || *oldest > *ours) co_return true;
  // A stream that was begun anew ends before what was read.
  const absl::StatusOr<std::string> last = co_await LastOffset();
  if (!last.ok()) co_return last.status();
  const auto newest = ReadOffset(*last);
  co_return !newest || *newest < *ours;
}

asio::awaitable<absl::Status> RedisRecordings::CatchUp() {
  const absl::StatusOr<bool> gap = co_await HasGap();
  if (!gap.ok()) co_return gap.status();
  if (!*gap) co_return absl::OkStatus();
  {
    MutexLock lock(mutex_);
    reading_all_ = true;
    put_meanwhile_.clear();
    for (const Step& each : waiting_) {
      if (const auto* put = std::get_if<v1::StoredAnswer>(&each)) {
        put_meanwhile_.insert(put->id());
      }
    }
  }
  absl::StatusOr<std::string> offset = co_await LastOffset();
  if (!offset.ok()) co_return offset.status();
  absl::StatusOr<Ids> ids =
      co_await ReadAll([this](v1::StoredAnswer answer) { listener_->OnPut(std::move(answer)); });
  if (!ids.ok()) co_return ids.status();
  {
    MutexLock lock(mutex_);
    ids->merge(put_meanwhile_);
  }
  listener_->OnGap([&ids](const std::string& id) { return ids->contains(id); });
  log::Info("cache.log.reread", {{"answers", ids->size()}});
  offset_ = *std::move(offset);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> RedisRecordings::Apply(Event event) {
  if (event.replica != replica_ && event.kind == "forget") {
    listener_->OnForget(event.organization, event.id);
  }
  if (event.replica != replica_ && event.kind == "put") {
    absl::StatusOr<v1::StoredAnswer> answer = co_await ReadBody(BodyKey(event.id));
    if (answer.ok()) {
      listener_->OnPut(*std::move(answer));
    } else if (answer.status().code() != absl::StatusCode::kNotFound) {
      co_return answer.status();
    }
  }
  offset_ = event.offset;
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> RedisRecordings::Follow() {
  absl::StatusOr<redis::Connected> connected = co_await redis::Connect(deps_.timers, deps_.route);
  if (!connected.ok()) co_return connected.status();
  const std::unique_ptr<redis::Connection> connection = std::move(connected->connection);
  const absl::Status caught_up = co_await CatchUp();
  {
    MutexLock lock(mutex_);
    reading_all_ = false;
    put_meanwhile_.clear();
  }
  if (!caught_up.ok()) co_return caught_up;
  following_ = true;
  for (;;) {
    const MonotonicTime deadline = Deadline() + 2 * kBlock;
    std::string command = redis::Encode(
        {"XREAD", "COUNT", kEventsAtOnce, "BLOCK", kBlockMs, "STREAMS", kLog, offset_});
    const absl::StatusOr<redis::Reply> reply =
        co_await connection->Ask(std::move(command), deadline);
    if (!reply.ok()) co_return reply.status();
    if (reply->items.empty() || reply->items[0].items.size() != 2) continue;  // Nothing came.
    for (const redis::Reply& each : reply->items[0].items[1].items) {
      if (each.items.size() != 2) continue;
      const redis::Reply& fields = each.items[1];
      Event event{.offset = each.items[0].text,
                  .kind = FieldOf(fields, "op"),
                  .id = FieldOf(fields, "id"),
                  .organization = FieldOf(fields, "o"),
                  .replica = FieldOf(fields, "r")};
      const absl::Status applied = co_await Apply(std::move(event));
      if (!applied.ok()) co_return applied;
    }
  }
}

asio::awaitable<void> RedisRecordings::Run() {
  for (bool is_first = true;; is_first = false) {
    const absl::Status over = co_await Follow();
    if (std::exchange(following_, false) || is_first) {
      log::Warn("cache.log.away", {{"reason", status::Message(over)}});
    }
    co_await SleepFor(deps_.timers, kPause);
  }
}

asio::awaitable<absl::Status> RedisRecordings::FlushHere() {
  for (int turn = 0; turn < kFlushTurns; ++turn) {
    {
      MutexLock lock(mutex_);
      if (!writing_) co_return absl::OkStatus();
    }
    co_await SleepFor(deps_.timers, kFlushPause);
  }
  co_return status::Unavailable("Redis did not take what was put");
}

asio::awaitable<absl::Status> RedisRecordings::Flush() {
  co_return co_await asio::co_spawn(deps_.loop, FlushHere(), asio::use_awaitable);
}

asio::awaitable<absl::StatusOr<bool>> RedisRecordings::TakeHere(std::string flight,
                                                                std::string lease_id,
                                                                Duration time) {
  const std::string key = LeaseKey(flight);
  const std::string left = Milliseconds(time);
  const absl::StatusOr<redis::Reply> reply =
      co_await Ask(redis::Encode({"SET", key, lease_id, "NX", "PX", left}));
  if (!reply.ok()) co_return reply.status();
  co_return reply->is_text();
}

asio::awaitable<absl::StatusOr<bool>> RedisRecordings::Take(std::string flight,
                                                            std::string lease_id, Duration time) {
  co_return co_await asio::co_spawn(
      deps_.loop, TakeHere(std::move(flight), std::move(lease_id), time), asio::use_awaitable);
}

asio::awaitable<absl::StatusOr<bool>> RedisRecordings::RenewHere(std::string flight,
                                                                 std::string lease_id,
                                                                 Duration time) {
  const std::string key = LeaseKey(flight);
  const std::string left = Milliseconds(time);
  const std::array<std::string_view, 1> keys{key};
  const std::array<std::string_view, 2> arguments{lease_id, left};
  const absl::StatusOr<redis::Reply> reply = co_await redis::Eval(
      *client_, &RenewScript(), redis::EncodeEval(RenewScript(), keys, arguments), Deadline());
  if (!reply.ok()) co_return reply.status();
  co_return reply->integer == 1;
}

asio::awaitable<absl::StatusOr<bool>> RedisRecordings::Renew(std::string flight,
                                                             std::string lease_id, Duration time) {
  co_return co_await asio::co_spawn(
      deps_.loop, RenewHere(std::move(flight), std::move(lease_id), time), asio::use_awaitable);
}

}  // namespace weir::cache

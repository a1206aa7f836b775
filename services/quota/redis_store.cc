#include "services/quota/redis_store.h"

#include <array>

#include "common/log/log.h"
#include "services/quota/redis_wire.h"

namespace weir::quota {
namespace {

using redis::Reply;
using Arguments = std::vector<std::string>;

// How often a loop says again what it holds for whom.
constexpr Duration kAnnounceEvery = std::chrono::seconds(60);
// What one loop remembers of organisations and edges; beyond, it begins anew.
constexpr size_t kMostRemembered = 100'000;
// Counters that are restored by one script: few enough that nobody waits for it.
constexpr size_t kRestoredAtOnce = 200;
// How long somebody waits for counters that somebody else rebuilds.
constexpr Duration kRebuildWait = std::chrono::seconds(2);

// What a script answers first: 0, or why it did nothing.
constexpr int64_t kLost = -1;
constexpr int64_t kListening = -2;
// A server that was begun anew longer ago than this has heard what is under way.
constexpr Duration kNews = std::chrono::seconds(5);
// Waits of one operation for edges to speak; each lasts as long as they have for that.
constexpr int kMostListened = 3;

int64_t Micros(Duration duration) { return duration.count() / 1000; }
Duration Micro(int64_t us) { return std::chrono::microseconds(std::max<int64_t>(1000, us)); }

// "w1:q:{acme}:c": the braces have all keys of an organisation in one slot.
std::array<std::string, 8> KeysOf(const std::string& organization) {
  std::array<std::string, 8> keys;
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i] = fmt::format("w1:q:{{{}}}:{}", organization, "mchdlsoe"[i]);
  }
  return keys;
}

template <typename Map>
void Bound(Map& map) {
  if (map.size() >= kMostRemembered) map.clear();
}

}  // namespace

RedisStore::Loop::Loop(asio::io_context& context, const RedisStoreDeps& deps)
    : timers(context, deps.clock),
      client(redis::MakeClient(context.get_executor(), timers, deps.random, deps.route)) {}

RedisStore::RedisStore(Options options, RedisStoreDeps deps)
    : options_(std::move(options)),
      deps_(std::move(deps)),
      packed_options_(PackNumbers({Micros(options_.hold_ttl), Micros(options_.replay_retention),
                                   options_.replay_records, Micros(options_.lapsed_retention),
                                   options_.max_lapsed})),
      loops_([made_of = deps_](asio::io_context& context) {
        return std::make_unique<Loop>(context, made_of);
      }) {}

// The run id of the server, which goes along with every script.
asio::awaitable<absl::StatusOr<std::string>> RedisStore::ConnectedTo(Loop& loop) {
  if (loop.client->run_id().empty()) {
    const MonotonicTime deadline = deps_.clock.Monotonic() + deps_.route->config.connect_timeout;
    const absl::StatusOr<Reply> there =
        co_await loop.client->Call(redis::Encode({"PING"}), deadline);
    if (!there.ok()) co_return there.status();
  }
  co_return loop.client->run_id();
}

std::string RedisStore::Encode(const redis::Script& script, const std::string& run_id,
                               const std::string& organization, const Arguments& arguments) const {
  const std::array<std::string, 8> keys = KeysOf(organization);
  const std::string time = options_.time_us ? std::to_string(options_.time_us()) : "";
  std::vector<std::string_view> all{run_id, time, packed_options_};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const std::vector<std::string_view> names(keys.begin(), keys.end());
  return redis::EncodeEval(script, names, all);
}

asio::awaitable<absl::StatusOr<Reply>> RedisStore::RunOnce(Loop& loop, const redis::Script* script,
                                                           std::string organization,
                                                           Arguments arguments) {
  WEIR_CO_ASSIGN_OR_RETURN(const std::string run_id, co_await ConnectedTo(loop));
  std::string command = Encode(*script, run_id, organization, arguments);
  const MonotonicTime deadline = deps_.clock.Monotonic() + deps_.route->config.command_timeout;
  co_return co_await redis::Eval(*loop.client, script, std::move(command), deadline);
}

absl::StatusOr<RedisStore::Standing> RedisStore::StandingOf(const Reply& reply) {
  ReplyReader reader(reply);
  const int64_t kind = reader.Number();
  Standing standing{.lost = kind == kLost};
  const int64_t now_us = reader.Number();
  standing.epoch = reader.Number();
  standing.changes = reader.Number();
  if (standing.lost) standing.mark = reader.Text();
  if (kind == kListening) standing.listens_for = Micro(reader.Number() - now_us);
  if (!reader.ok()) return status::DataLoss("a script of quota answers what it should not");
  return standing;
}

bool RedisStore::FellBack(Loop& loop, const std::string& organization, const Standing& standing) {
  const auto found = loop.seen.find(organization);
  const Seen seen = found == loop.seen.end() ? Seen() : found->second;
  if (seen.epoch == standing.epoch && standing.changes < seen.changes) return true;
  if (standing.lost) return standing.epoch < seen.epoch;
  Bound(loop.seen);
  loop.seen[organization] = {standing.epoch, standing.changes};
  return false;
}

bool RedisStore::IsDistrusted(const std::string& organization) const {
  if (!any_distrusted_) return false;
  MutexLock lock(mutex_);
  return distrusted_.contains(organization);
}

void RedisStore::Distrust(std::string_view organization) {
  MutexLock lock(mutex_);
  distrusted_.emplace(organization);
  any_distrusted_ = true;
}

asio::awaitable<absl::StatusOr<Reply>> RedisStore::Run(const redis::Script* script,
                                                       std::string organization,
                                                       Arguments arguments) {
  auto executor = co_await asio::this_coro::executor;
  Loop& loop = loops_.Of(executor);
  absl::Status last;
  int listened = 0;
  // As asked, once more after the connection was lost, and after a rebuild.
  for (int tries = 0; tries < 4; ++tries) {
    const bool is_other_server = !loop.met.empty() && loop.met != loop.client->run_id();
    if (is_other_server && !loop.client->run_id().empty()) {
      std::ignore = co_await Meet(loop);  // Where it cannot be asked, what follows says so.
    }
    const bool distrusted = IsDistrusted(organization);
    const redis::Script* first = distrusted ? &scripts_.peek : script;
    Arguments given = distrusted ? Arguments() : arguments;
    absl::StatusOr<Reply> reply = co_await RunOnce(loop, first, organization, std::move(given));
    if (!reply.ok()) {
      last = reply.status();
      if (last.code() != absl::StatusCode::kUnavailable || tries > 0) break;
      continue;
    }
    WEIR_CO_ASSIGN_OR_RETURN(Standing standing, StandingOf(*reply));
    if (standing.listens_for && !distrusted) {
      last = status::Unavailable("edges are asked what they have under way");
      if (listened++ >= kMostListened) break;
      co_await SleepFor(loop.timers, std::min(*standing.listens_for, options_.listening));
      --tries;
      continue;
    }
    const bool fell_back = FellBack(loop, organization, standing);
    if (!standing.lost && !distrusted && !fell_back) co_return reply;
    if (!standing.lost) standing.mark = loop.client->run_id();
    last = co_await Rebuild(loop, organization, std::move(standing), fell_back);
    if (!last.ok()) break;
  }
  if (last.ok()) last = status::Unavailable("its counters were lost again and again");
  if (last.code() == absl::StatusCode::kDeadlineExceeded) {
    last = status::Unavailable("{}", status::Message(last));
  }
  co_return status::While(last, "asking the windows of {}", organization);
}

asio::awaitable<absl::Status> RedisStore::Rebuild(Loop& loop, std::string organization,
                                                  Standing found, bool fell_back) {
  std::optional<RedisRebuilds::Lead> lead = rebuilds_.Begin(organization);
  if (!lead) co_return co_await rebuilds_.Await(loop.timers, organization, kRebuildWait);
  absl::Status done = co_await TakeFromSource(loop, organization, std::move(found), fell_back);
  loop.seen.erase(organization);
  if (!done.ok()) {
    {
      MutexLock lock(mutex_);
      failed_.insert(organization);
    }
    done = status::Unavailable("rebuilding its counters: {}", status::Message(done));
    log::Warn("quota.rebuild.failed",
              {{"organization", organization}, {"error", std::string(status::Message(done))}});
  }
  lead->End(done);
  co_return done;
}

// Where everything is lost edges hear of everything at once: whatever is under way in an
// organisation is announced then, and one that nobody has announced some moments later has nothing.
asio::awaitable<absl::StatusOr<Duration>> RedisStore::BeginListening(Loop& loop,
                                                                     std::string organization,
                                                                     bool fell_back) {
  WEIR_CO_ASSIGN_OR_RETURN(const Duration relied_on, co_await Meet(loop));
  {
    // Edges that were told when it could not be rebuilt may have given up meanwhile.
    MutexLock lock(mutex_);
    fell_back = failed_.erase(organization) > 0 || fell_back;
  }
  if (fell_back && told_of_loss_) told_of_loss_(organization);
  if (fell_back) co_return options_.listening;
  co_return std::max(Duration(0), options_.listening - relied_on);
}

// Since when this server is relied on; tells of everything where that is news.
asio::awaitable<absl::StatusOr<Duration>> RedisStore::Meet(Loop& loop) {
  WEIR_CO_ASSIGN_OR_RETURN(std::string run_id, co_await ConnectedTo(loop));
  Arguments arguments{run_id};
  const absl::StatusOr<Reply> reply =
      co_await RunOnIndex(&scripts_.server, "w1:q:server", std::move(arguments));
  if (!reply.ok()) co_return reply.status();
  if (reply->items.size() != 2) co_return status::DataLoss("a script answers what it should not");
  loop.met = std::move(run_id);
  const int64_t begun_us = reply->items[0].integer;
  const Duration age = std::chrono::microseconds(reply->items[1].integer);
  // Every process tells its own, whoever noticed first: that one's answer may have been lost, too.
  const bool is_news = begun_us_.exchange(begun_us) != begun_us && age < kNews;
  if (is_news && told_of_loss_) told_of_loss_("");
  co_return age;
}

asio::awaitable<absl::Status> RedisStore::MeetServer() {
  auto executor = co_await asio::this_coro::executor;
  Loop& loop = loops_.Of(executor);
  co_return (co_await Meet(loop)).status();
}

asio::awaitable<absl::Status> RedisStore::TakeFromSource(Loop& loop, std::string organization,
                                                         Standing found, bool fell_back) {
  WEIR_CO_ASSIGN_OR_RETURN(const Duration listening,
                           co_await BeginListening(loop, organization, fell_back));
  co_await SleepFor(loop.timers, options_.rebuild_grace);
  bool was_distrusted = false;
  {
    // What is missed from here on is missed anew.
    MutexLock lock(mutex_);
    was_distrusted = distrusted_.erase(organization) > 0;
    any_distrusted_ = !distrusted_.empty();
  }
  absl::StatusOr<std::vector<RestoredCounter>> counters =
      co_await deps_.source.CountersOf(organization);
  if (!counters.ok()) {
    Distrust(organization);
    co_return counters.status();
  }
  const int64_t count = static_cast<int64_t>(counters->size());
  const absl::StatusOr<bool> set =
      co_await SetCounters(loop, organization, std::move(found), *std::move(counters), listening);
  // Somebody else who did it may have asked the source before what was missed here was in it.
  if (!set.ok() || (!*set && was_distrusted)) Distrust(organization);
  // Who asks again sees which it was: done by somebody else, or lost once more.
  if (!set.ok() || !*set) co_return set.status();
  log::Info("quota.rebuilt", {{"organization", organization}, {"counters", count}});
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<bool>> RedisStore::SetCounters(Loop& loop, std::string organization,
                                                              std::optional<Standing> replaced,
                                                              std::vector<RestoredCounter> counters,
                                                              Duration listening) {
  size_t at = 0;
  do {
    const size_t end = std::min(counters.size(), at + kRestoredAtOnce);
    Arguments arguments{replaced ? std::to_string(replaced->epoch) : "",
                        end == counters.size() ? "1" : "0", std::to_string(Micros(listening)),
                        replaced ? replaced->mark : ""};
    for (; at < end; ++at) AppendRestored(counters[at], first_seen_, arguments);
    absl::StatusOr<Reply> reply =
        co_await RunOnce(loop, &scripts_.restore, organization, std::move(arguments));
    if (!reply.ok()) co_return reply.status();
    ReplyReader reader(*reply);
    for (int i = 0; i < 4; ++i) reader.Number();
    if (reader.Number() == 0) co_return false;
  } while (at < counters.size());
  co_return true;
}

asio::awaitable<absl::Status> RedisStore::Restore(std::string organization,
                                                  std::vector<RestoredCounter> counters) {
  auto executor = co_await asio::this_coro::executor;
  const absl::StatusOr<bool> set = co_await SetCounters(
      loops_.Of(executor), std::move(organization), std::nullopt, std::move(counters), Duration(0));
  co_return set.status();
}

asio::awaitable<absl::StatusOr<Reply>> RedisStore::RunOnIndex(const redis::Script* script,
                                                              std::string index,
                                                              Arguments arguments) {
  auto executor = co_await asio::this_coro::executor;
  Loop& loop = loops_.Of(executor);
  const std::array<std::string_view, 1> keys{index};
  const std::vector<std::string_view> all(arguments.begin(), arguments.end());
  std::string command = redis::EncodeEval(*script, keys, all);
  const MonotonicTime deadline = deps_.clock.Monotonic() + deps_.route->config.command_timeout;
  co_return co_await redis::Eval(*loop.client, script, std::move(command), deadline);
}

asio::awaitable<absl::StatusOr<std::vector<std::string>>> RedisStore::Members(std::string index) {
  auto executor = co_await asio::this_coro::executor;
  Loop& loop = loops_.Of(executor);
  const MonotonicTime deadline = deps_.clock.Monotonic() + deps_.route->config.command_timeout;
  // As many as one reply may have; organisations beyond that are looked after by their own calls.
  std::string command = redis::Encode({"ZREVRANGE", index, "0", "65000"});
  absl::StatusOr<Reply> reply = co_await loop.client->Call(std::move(command), deadline);
  if (!reply.ok()) co_return reply.status();
  std::vector<std::string> members;
  for (Reply& each : reply->items) members.push_back(std::move(each.text));
  co_return members;
}

asio::awaitable<absl::Status> RedisStore::Announce(std::string organization, std::string edge) {
  auto executor = co_await asio::this_coro::executor;
  Loop& loop = loops_.Of(executor);
  const MonotonicTime now = deps_.clock.Monotonic();
  const std::string both = organization + '\0' + edge;
  Bound(loop.announced);
  const auto found = loop.announced.find(both);
  if (found != loop.announced.end() && now - found->second < kAnnounceEvery) {
    co_return absl::OkStatus();
  }
  Arguments member{organization};
  absl::StatusOr<Reply> reply = co_await RunOnIndex(&scripts_.announce, "w1:q:orgs", member);
  if (!reply.ok()) co_return reply.status();
  reply = co_await RunOnIndex(&scripts_.announce, "w1:q:edge:" + edge, member);
  if (!reply.ok()) co_return reply.status();
  loop.announced[both] = now;
  co_return absl::OkStatus();
}

absl::flat_hash_map<std::string, MonotonicTime>& RedisStore::next_looks(
    asio::any_io_executor loop) {
  auto& looks = loops_.Of(loop).next_looks;
  Bound(looks);
  return looks;
}

}  // namespace weir::quota

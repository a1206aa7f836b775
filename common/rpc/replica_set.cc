#include "common/rpc/replica_set.h"

#include <algorithm>

#include "common/log/log.h"

namespace weir::rpc {
namespace {

struct HostPort {
  std::string host;
  std::string port;
};

// "[::1]:9102", "quota:9102".
HostPort SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {.host = std::move(host), .port = address.substr(colon + 1)};
}

// Stays what it is between programs and versions, as edges must agree.
uint64_t Fnv1a(std::string_view text, uint64_t hash = 0xcbf29ce484222325) {
  for (const char each : text) {
    hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
  }
  return hash ^ (hash >> 29);
}

bool IsUnix(const std::string& address) { return address.starts_with("unix:"); }

// One that stays what it is.
bool IsLiteral(const std::string& address) {
  if (IsUnix(address)) return true;
  ErrorCode no_address;
  asio::ip::make_address(SplitAddress(address).host, no_address);
  return !no_address;
}

std::string Text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

}  // namespace

ReplicaSet::ReplicaSet(const PipeOptions& options,
                       std::shared_ptr<grpc::ChannelCredentials> credentials, Deps deps)
    : options_(options), credentials_(std::move(credentials)), deps_(deps) {}

ReplicaSet::~ReplicaSet() { *alive_ = false; }

void ReplicaSet::Start() {
  if (std::ranges::all_of(options_.addresses, IsLiteral)) {
    for (const std::string& each : options_.addresses) Add(each);
    return;
  }
  asio::co_spawn(deps_.loop.io(), FollowNames(alive_), asio::detached);
}

void ReplicaSet::Add(const std::string& address) {
  replicas_.push_back(std::make_unique<PipeReplica>(address, options_, credentials_,
                                                    PipeReplica::Deps{.loop = deps_.loop,
                                                                      .timers = deps_.timers,
                                                                      .random = deps_.random,
                                                                      .owner = deps_.owner}));
  replicas_.back()->Connect();
}

asio::awaitable<void> ReplicaSet::FollowNames(std::shared_ptr<bool> alive) {
  while (*alive) {
    absl::StatusOr<std::vector<std::string>> addresses = co_await LookUp();
    if (!*alive) co_return;
    name_failure_ = addresses.status();
    // Names that cannot be resolved for a while are no reason to leave replicas that answer.
    if (addresses.ok()) Reconcile(*addresses);
    const Duration wait = AnyLost() ? options_.resolve_when_lost : options_.resolve_every;
    co_await SleepFor(deps_.timers, wait);
  }
}

asio::awaitable<absl::StatusOr<std::vector<std::string>>> ReplicaSet::LookUp() {
  std::vector<std::string> found;
  for (const std::string& address : options_.addresses) {
    if (IsUnix(address)) {
      found.push_back(address);
      continue;
    }
    HostPort name = SplitAddress(address);
    Resolver::Query query(deps_.loop.io().get_executor());
    absl::StatusOr<Endpoints> endpoints =
        co_await query.Run(&deps_.resolver, std::move(name.host), std::move(name.port));
    if (!endpoints.ok()) co_return status::While(endpoints.status(), "resolving {}", address);
    for (const auto& each : *endpoints) found.push_back(Text(each));
  }
  std::ranges::sort(found);
  const auto again = std::ranges::unique(found);
  found.erase(again.begin(), again.end());
  co_return found;
}

void ReplicaSet::Reconcile(const std::vector<std::string>& addresses) {
  for (const auto& each : replicas_) {
    const bool listed = std::ranges::binary_search(addresses, each->address());
    if (!listed && !each->retired()) each->Retire();
  }
  std::erase_if(replicas_, [](const auto& each) { return each->retired() && !each->connected(); });
  for (const std::string& address : addresses) {
    const auto same = [&](const auto& each) {
      return each->address() == address && !each->retired();
    };
    if (std::ranges::none_of(replicas_, same)) Add(address);
  }
}

bool ReplicaSet::AnyLost() const {
  return replicas_.empty() ||
         std::ranges::any_of(replicas_, [](const auto& each) { return !each->up(); });
}

bool ReplicaSet::MayServe(const PipeReplica& replica) const {
  return replica.up() && replica.store_id() == store_id_;
}

bool ReplicaSet::MayTake(const PipeReplica& replica, bool urgent) const {
  const size_t most =
      urgent ? options_.max_in_flight : std::max<size_t>(1, options_.max_in_flight / 2);
  return MayServe(replica) && replica.outstanding < most;
}

PipeReplica* ReplicaSet::Choose(Wanted wanted) {
  PipeReplica* best = nullptr;
  // Of equally idle ones any: in turn, calls that come in pairs would each have a replica of their
  // own.
  scatter_ = scatter_ * 6364136223846793005 + 1442695040888963407;
  const uint64_t first = scatter_ >> 33;
  for (uint64_t i = 0; i < replicas_.size(); ++i) {
    PipeReplica* const each = replicas_[(first + i) % replicas_.size()].get();
    if (!MayTake(*each, wanted.urgent)) continue;
    if (each->address() == wanted.address && each != wanted.but_not) return each;
    const bool better = best == nullptr || best == wanted.but_not ||
                        (each != wanted.but_not && each->outstanding < best->outstanding);
    if (better) best = each;
  }
  return best;
}

// By the highest of the hashes of key and address: one that comes or goes moves its own keys alone.
std::string ReplicaSet::AddressFor(std::string_view key) const {
  const PipeReplica* best = nullptr;
  uint64_t highest = 0;
  for (const auto& each : replicas_) {
    if (!MayServe(*each)) continue;
    const uint64_t hash = Fnv1a(each->address(), Fnv1a(key));
    if (best != nullptr && hash <= highest) continue;
    best = each.get();
    highest = hash;
  }
  return best == nullptr ? "" : best->address();
}

bool ReplicaSet::any_up() const {
  return std::ranges::any_of(replicas_, [this](const auto& each) { return MayServe(*each); });
}

bool ReplicaSet::Admit(const PipeReplica& replica) {
  if (!has_store_ || !any_up()) {
    store_id_ = replica.store_id();
    has_store_ = true;
  }
  if (replica.store_id() == store_id_) return true;
  log::Error("rpc.store.differs", {{"service", options_.service},
                                   {"address", replica.address()},
                                   {"store", replica.store_id()},
                                   {"others", store_id_}});
  return false;
}

void ReplicaSet::AdmitAnew() {
  for (const auto& each : replicas_) {
    if (each->up()) deps_.owner.OnUp(*each);
  }
}

void ReplicaSet::OnLost(PipeReplica& replica) {
  if (!replica.retired() || replica.connected()) return;
  std::erase_if(replicas_, [&](const auto& each) { return each.get() == &replica; });
}

absl::Status ReplicaSet::Health() const {
  if (!any_up()) {
    if (replicas_.empty() && !name_failure_.ok()) return name_failure_;
    std::string why = "no replica was found";
    for (const auto& each : replicas_) {
      if (each->last_failure().ok()) continue;
      why = fmt::format("{}: {}", each->address(), status::Message(each->last_failure()));
    }
    return status::Unavailable("{} cannot be reached: {}", options_.service, why);
  }
  for (const auto& each : replicas_) {
    if (!each->up() || MayServe(*each)) continue;
    return status::FailedPrecondition(
        "{} has replicas on two stores: '{}', and at {} '{}'; want one store", options_.service,
        store_id_, each->address(), each->store_id());
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> ReplicaSet::AnyChannel() const {
  const PipeReplica* least = nullptr;
  for (const auto& each : replicas_) {
    if (!MayServe(*each)) continue;
    if (least == nullptr || each->outstanding < least->outstanding) least = each.get();
  }
  return least == nullptr ? nullptr : least->channel();
}

}  // namespace weir::rpc

#include "services/identity/memory_directory.h"

#include <deque>
#include <map>

namespace weir::identity {
namespace {

using Name = std::pair<std::string, std::string>;

bool IsRevoked(const KeyRecord& record) { return record.key.has_revoked_at(); }

bool IsUsable(const KeyRecord& record, WallTime at) {
  if (IsRevoked(record)) return false;
  if (!record.key.has_expires_at()) return true;
  const auto& ends = record.key.expires_at();
  return ends.seconds() * 1'000'000 + ends.nanos() / 1000 > ToUnixMicros(at);
}

template <typename Map>
auto FindIn(const Map& map, const typename Map::key_type& key)
    -> std::optional<typename Map::mapped_type> {
  auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

// The one of `records` that `matches` and is not revoked, else the last that matches.
template <typename Matches>
std::optional<KeyRecord> Pick(const std::map<std::string, KeyRecord>& records, Matches matches) {
  const KeyRecord* best = nullptr;
  for (const auto& [id, each] : records) {
    if (!matches(each)) continue;
    const bool better = best == nullptr || (IsRevoked(*best) && !IsRevoked(each)) ||
                        (IsRevoked(*best) && best->position < each.position);
    if (better) best = &each;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

// The first `page.limit` of `records` past `page.after` that `matches`, by position.
template <typename Record, typename Matches>
std::vector<Record> PageOf(const std::map<std::string, Record>& records, const PositionPage& page,
                           Matches matches) {
  std::map<int64_t, const Record*> ordered;
  for (const auto& [id, each] : records) {
    if (each.position > page.after && matches(each)) ordered.emplace(each.position, &each);
  }
  std::vector<Record> listed;
  for (const auto& [position, each] : ordered) {
    if (listed.size() < static_cast<size_t>(page.limit)) listed.push_back(*each);
  }
  return listed;
}

template <typename Object>
std::vector<Object> PageOf(const std::map<Name, Object>& objects, const std::string& organization,
                           const NamePage& page) {
  std::vector<Object> listed;
  for (auto each = objects.upper_bound({organization, page.after});
       each != objects.end() && each->first.first == organization &&
       listed.size() < static_cast<size_t>(page.limit);
       ++each) {
    listed.push_back(each->second);
  }
  return listed;
}

}  // namespace

class MemoryDirectory::State final : public DirectoryWriter {
 public:
  absl::StatusOr<std::optional<v1::Organization>> FindOrganization(
      const std::string& name) override {
    return FindIn(organizations_, Name("", name));
  }
  absl::StatusOr<std::optional<v1::Team>> FindTeam(const std::string& organization,
                                                   const std::string& name) override {
    return FindIn(teams_, Name(organization, name));
  }
  absl::StatusOr<std::optional<v1::User>> FindUser(const std::string& organization,
                                                   const std::string& name) override {
    return FindIn(users_, Name(organization, name));
  }

  absl::StatusOr<std::optional<KeyRecord>> FindKeyByDigest(const std::string& digest) override {
    return Pick(keys_, [&](const KeyRecord& each) { return each.digest == digest; });
  }
  absl::StatusOr<std::optional<KeyRecord>> FindKeyById(const std::string& public_id) override {
    return FindIn(keys_, public_id);
  }
  absl::StatusOr<std::optional<KeyRecord>> FindKeyByName(const std::string& organization,
                                                         const std::string& name) override {
    return Pick(keys_, [&](const KeyRecord& each) {
      return each.key.organization() == organization && each.key.name() == name;
    });
  }
  absl::StatusOr<std::optional<TokenRecord>> FindTokenByDigest(const std::string& digest) override {
    for (const auto& [id, each] : tokens_) {
      if (each.digest == digest) return each;
    }
    return std::nullopt;
  }
  absl::StatusOr<std::optional<TokenRecord>> FindTokenById(const std::string& id) override {
    return FindIn(tokens_, id);
  }

  absl::StatusOr<std::vector<v1::Organization>> ListOrganizations(const NamePage& page) override {
    return PageOf(organizations_, "", page);
  }
  absl::StatusOr<std::vector<v1::Team>> ListTeams(const std::string& organization,
                                                  const NamePage& page) override {
    return PageOf(teams_, organization, page);
  }
  absl::StatusOr<std::vector<v1::User>> ListUsers(const std::string& organization,
                                                  const NamePage& page) override {
    return PageOf(users_, organization, page);
  }
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(const std::string& organization,
                                                  std::optional<WallTime> usable_at,
                                                  const PositionPage& page) override {
    return PageOf(keys_, page, [&](const KeyRecord& each) {
      return each.key.organization() == organization && (!usable_at || IsUsable(each, *usable_at));
    });
  }
  absl::StatusOr<std::vector<TokenRecord>> ListTokens(
      const std::optional<std::string>& organization, const PositionPage& page) override {
    return PageOf(tokens_, page, [&](const TokenRecord& each) {
      return !organization || each.token.organization() == *organization;
    });
  }

  absl::StatusOr<Counts> CountAll(const std::string& organization) override {
    return Count(organization, [](const auto&) { return true; });
  }
  absl::StatusOr<int64_t> CountKeys(const std::string& organization) override {
    WEIR_ASSIGN_OR_RETURN(const Counts counts, CountAll(organization));
    return counts.keys;
  }
  absl::StatusOr<Counts> CountTeam(const std::string& organization,
                                   const std::string& team) override {
    WEIR_ASSIGN_OR_RETURN(
        Counts counts, Count(organization, [&](const auto& each) { return each.team() == team; }));
    counts.teams = 0;
    return counts;
  }
  absl::StatusOr<Counts> CountUser(const std::string& organization,
                                   const std::string& user) override {
    Counts counts;
    for (const auto& [id, each] : keys_) {
      counts.keys +=
          !IsRevoked(each) && each.key.organization() == organization && each.key.user() == user;
    }
    return counts;
  }
  absl::StatusOr<int64_t> CountTokens() override { return tokens_.size(); }
  absl::StatusOr<uint64_t> LastSequence() override { return sequence_; }
  absl::StatusOr<std::vector<LoggedChange>> ChangesAfter(uint64_t sequence, int limit) override {
    std::vector<LoggedChange> changes;
    for (const LoggedChange& each : log_) {
      if (changes.size() == static_cast<size_t>(limit)) break;
      if (each.sequence > sequence) changes.push_back(each);
    }
    return changes;
  }

  absl::Status StoreOrganization(const v1::Organization& organization) override {
    organizations_[{"", organization.name()}] = organization;
    return absl::OkStatus();
  }
  absl::Status StoreTeam(const v1::Team& team) override {
    WEIR_RETURN_IF_ERROR(RequireOrganization(team.organization()));
    teams_[{team.organization(), team.name()}] = team;
    return absl::OkStatus();
  }
  absl::Status StoreUser(const v1::User& user) override {
    WEIR_RETURN_IF_ERROR(RequireOrganization(user.organization()));
    users_[{user.organization(), user.name()}] = user;
    return absl::OkStatus();
  }
  absl::Status StoreKey(const KeyRecord& record) override {
    WEIR_RETURN_IF_ERROR(RequireOrganization(record.key.organization()));
    for (const auto& [id, each] : keys_) {
      if (Collide(each, record)) {
        return status::AlreadyExists("storing key {}: its name or value is in use",
                                     record.key.public_id());
      }
    }
    StoreAt(keys_, record.key.public_id(), record);
    return absl::OkStatus();
  }
  absl::Status StoreToken(const TokenRecord& record) override {
    StoreAt(tokens_, record.token.id(), record);
    return absl::OkStatus();
  }

  absl::Status RemoveOrganization(const std::string& name) override {
    WEIR_ASSIGN_OR_RETURN(const Counts left, CountAll(name));
    if (left.teams + left.users + left.keys > 0) {
      return status::FailedPrecondition("removing organization {}: it is not empty", name);
    }
    std::erase_if(keys_, [&](const auto& each) { return each.second.key.organization() == name; });
    organizations_.erase({"", name});
    return absl::OkStatus();
  }
  absl::Status RemoveTeam(const std::string& organization, const std::string& name) override {
    teams_.erase({organization, name});
    return absl::OkStatus();
  }
  absl::Status RemoveUser(const std::string& organization, const std::string& name) override {
    users_.erase({organization, name});
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Log(const Change& change, WallTime) override {
    log_.push_back({++sequence_, change});
    if (log_.size() > kChangesKept) log_.pop_front();
    return sequence_;
  }

 private:
  static bool Collide(const KeyRecord& a, const KeyRecord& b) {
    if (IsRevoked(a) || IsRevoked(b) || a.key.public_id() == b.key.public_id()) return false;
    return a.digest == b.digest ||
           (a.key.organization() == b.key.organization() && a.key.name() == b.key.name());
  }
  absl::Status RequireOrganization(const std::string& name) const {
    if (organizations_.contains({"", name})) return absl::OkStatus();
    return status::FailedPrecondition("there is no organization '{}'", name);
  }
  template <typename Record>
  void StoreAt(std::map<std::string, Record>& records, const std::string& id, Record record) {
    if (record.position == 0) record.position = ++position_;
    records[id] = std::move(record);
  }
  template <typename Matches>
  absl::StatusOr<Counts> Count(const std::string& organization, Matches matches) const {
    Counts counts;
    for (const auto& [name, each] : teams_) counts.teams += name.first == organization;
    for (const auto& [name, each] : users_) {
      counts.users += name.first == organization && matches(each);
    }
    for (const auto& [id, each] : keys_) {
      counts.keys +=
          !IsRevoked(each) && each.key.organization() == organization && matches(each.key);
    }
    return counts;
  }

  std::map<Name, v1::Organization> organizations_;
  std::map<Name, v1::Team> teams_;
  std::map<Name, v1::User> users_;
  std::map<std::string, KeyRecord> keys_;
  std::map<std::string, TokenRecord> tokens_;
  std::deque<LoggedChange> log_;
  uint64_t sequence_ = 0;
  int64_t position_ = 0;
};

MemoryDirectory::MemoryDirectory() : state_(std::make_shared<State>()) {}
MemoryDirectory::~MemoryDirectory() = default;

std::shared_ptr<MemoryDirectory::State> MemoryDirectory::Current() {
  MutexLock lock(mutex_);
  return state_;
}

absl::Status MemoryDirectory::Read(const std::function<absl::Status(DirectoryReader&)>& work) {
  return work(*Current());
}

absl::Status MemoryDirectory::Write(const std::function<absl::Status(DirectoryWriter&)>& work) {
  MutexLock one_at_a_time(writing_);
  auto next = std::make_shared<State>(*Current());
  WEIR_RETURN_IF_ERROR(work(*next));
  MutexLock lock(mutex_);
  state_ = std::move(next);
  return absl::OkStatus();
}

}  // namespace weir::identity

#include "common/api/principal_cache.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

namespace weir::api {
namespace {

using google::protobuf::util::TimeUtil;

WallTime ExpiryOf(const identity_pb::Principal& principal) {
  if (!principal.has_expires_at()) return WallTime::max();
  return FromUnixMicros(TimeUtil::TimestampToMicroseconds(principal.expires_at()));
}

}  // namespace

PrincipalCache::PrincipalCache(Options options, const Clock& clock)
    : options_(options),
      clock_(clock),
      principals_(options.max_principals),
      refusals_(options.max_refusals) {}

bool PrincipalCache::EventsFlow() const {
  return last_sequence_ && clock_.Monotonic() - last_event_ <= options_.silence;
}

bool PrincipalCache::HasExpired(const Entry& entry) const {
  return entry.expires_at != WallTime::max() && entry.expires_at <= clock_.Now();
}

const PrincipalCache::Entry* PrincipalCache::FindFresh(const CredentialId& id) {
  const Entry* entry = principals_.Find(id);
  if (entry == nullptr || entry->stale_since || !EventsFlow() || HasExpired(*entry)) return nullptr;
  return entry;
}

PrincipalCache::Entry* PrincipalCache::FindUsable(const CredentialId& id) {
  Entry* entry = principals_.Find(id);
  if (entry == nullptr || HasExpired(*entry)) return nullptr;
  const MonotonicTime doubtful_since =
      entry->stale_since.value_or(std::max(last_event_, entry->verified_at));
  if (clock_.Monotonic() - doubtful_since > options_.identity_grace) return nullptr;
  return entry;
}

absl::Status PrincipalCache::FindRefusal(const CredentialId& id) {
  const Refused* refused = refusals_.Find(id);
  if (refused == nullptr || refused->until <= clock_.Monotonic()) return absl::OkStatus();
  return refused->status;
}

bool PrincipalCache::IsSuperseded(const identity_pb::AuthenticateResponse& answer) const {
  if (answer.sequence() < recent_after_) return true;
  const identity_pb::Principal& principal = answer.principal();
  return std::any_of(recent_.begin(), recent_.end(), [&](const Recent& each) {
    const std::string& name = each.is_key ? principal.key_public_id() : principal.organization();
    return each.sequence > answer.sequence() && each.name == name;
  });
}

bool PrincipalCache::IsRefusalSuperseded(uint64_t sequence) const {
  return last_sequence_ && sequence < *last_sequence_;
}

const PrincipalCache::Entry& PrincipalCache::StorePrincipal(
    const CredentialId& id, identity_pb::AuthenticateResponse answer) {
  refusals_.Erase(id);
  Entry entry = {.sequence = answer.sequence(), .verified_at = clock_.Monotonic()};
  entry.principal =
      std::make_shared<const identity_pb::Principal>(std::move(*answer.mutable_principal()));
  entry.expires_at = ExpiryOf(*entry.principal);
  by_public_id_[entry.principal->key_public_id()] = id;
  if (auto evicted = principals_.Put(id, std::move(entry))) {
    auto found = by_public_id_.find(evicted->second.principal->key_public_id());
    if (found != by_public_id_.end() && found->second == evicted->first) by_public_id_.erase(found);
  }
  return *principals_.Find(id);
}

void PrincipalCache::StoreRefusal(const CredentialId& id, absl::Status refusal) {
  if (const Entry* entry = principals_.Find(id)) DropKey(entry->principal->key_public_id());
  refusals_.Put(id, {std::move(refusal), clock_.Monotonic() + options_.refusal_ttl});
}

void PrincipalCache::PostponeAsking(const CredentialId& id) {
  if (Entry* entry = principals_.Find(id)) {
    entry->ask_again_at = clock_.Monotonic() + options_.retry_pause;
  }
}

void PrincipalCache::Apply(const identity_pb::WatchEvent& event) {
  const uint64_t sequence = event.sequence();
  const uint64_t expected = last_sequence_.value_or(0) + (event.has_heartbeat() ? 0 : 1);
  if (!last_sequence_ || sequence != expected) ApplyGap(sequence);
  if (!event.has_heartbeat()) ApplyChange(event);
  last_sequence_ = sequence;
  last_event_ = clock_.Monotonic();
}

void PrincipalCache::Doubt(Entry& entry, MonotonicTime now) const {
  if (entry.stale_since) return;
  // It was in doubt already where the events had stopped.
  entry.stale_since = EventsFlow() ? now : std::max(last_event_, entry.verified_at);
}

void PrincipalCache::ApplyGap(uint64_t sequence) {
  const MonotonicTime now = clock_.Monotonic();
  // Numbers that go back are those of another store: then no answer proves anything.
  const bool goes_back = last_sequence_ && sequence < *last_sequence_;
  principals_.Retain([&](const CredentialId&, Entry& entry) {
    if (goes_back || entry.sequence < sequence) Doubt(entry, now);
    return true;
  });
  refusals_.Clear();
  recent_.clear();
  recent_after_ = sequence;
}

void PrincipalCache::ApplyChange(const identity_pb::WatchEvent& event) {
  refusals_.Clear();
  if (event.has_key_changed()) {
    const std::string& public_id = event.key_changed().key_public_id();
    DropKey(public_id);
    Remember({event.sequence(), true, public_id});
  } else if (event.has_organization_changed()) {
    const std::string& organization = event.organization_changed().organization();
    DropOrganization(organization);
    Remember({event.sequence(), false, organization});
  } else {
    // A change of a kind that this program does not know may concern anybody.
    ApplyGap(event.sequence());
  }
}

void PrincipalCache::DropKey(const std::string& public_id) {
  auto found = by_public_id_.find(public_id);
  if (found == by_public_id_.end()) return;
  principals_.Erase(found->second);
  by_public_id_.erase(found);
}

void PrincipalCache::DropOrganization(const std::string& organization) {
  principals_.Retain([&](const CredentialId&, Entry& entry) {
    if (entry.principal->organization() != organization) return true;
    by_public_id_.erase(entry.principal->key_public_id());
    return false;
  });
}

void PrincipalCache::Remember(Recent change) {
  recent_.push_back(std::move(change));
  if (recent_.size() <= kMostRecent) return;
  recent_after_ = recent_.front().sequence;
  recent_.pop_front();
}

}  // namespace weir::api

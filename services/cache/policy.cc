#include "services/cache/policy.h"

#include "common/time/proto_time.h"

namespace weir::cache {
namespace {

constexpr double kMaxTemperature = 0.7;

v1::PolicyEntry ToEntry(const StoredPolicy& stored) {
  const v1::CachePolicy& policy = stored.policy;
  v1::PolicyEntry entry;
  entry.set_organization(policy.organization());
  entry.set_name(policy.name());
  *entry.mutable_attachments() = policy.attachments();
  entry.set_scope(policy.scope() == v1::SCOPE_UNSPECIFIED ? v1::SCOPE_TEAM : policy.scope());
  entry.set_semantic(!policy.exact_only());
  entry.set_question_path(policy.question_path());
  entry.set_max_temperature(policy.has_max_temperature() ? policy.max_temperature()
                                                         : kMaxTemperature);
  entry.set_single_flight(!policy.no_single_flight());
  entry.set_per_model(policy.per_model());
  entry.set_hit_share(policy.hit_share());
  entry.set_epoch(stored.epoch);
  return entry;
}

}  // namespace

Policy::Policy(const StoredPolicy& stored, Duration default_ttl)
    : organization(stored.policy.organization()),
      name(stored.policy.name()),
      exact_only(stored.policy.exact_only()),
      ttl(default_ttl),
      promotes(!stored.policy.no_promotion()),
      single_flight(!stored.policy.no_single_flight()),
      hit_share(stored.policy.hit_share()),
      epoch(stored.epoch) {
  if (stored.policy.threshold() > 0) threshold = stored.policy.threshold();
  if (stored.policy.has_ttl()) ttl = FromProto(stored.policy.ttl()).value_or(ttl);
  if (stored.policy.scope() != v1::SCOPE_UNSPECIFIED) scope = stored.policy.scope();
  if (scope == v1::SCOPE_USER) promotes = false;  // There are no others.
}

PolicySet::PolicySet(const StoredPolicies& stored, Duration default_ttl) : stored_(stored) {
  for (size_t i = 0; i < stored_.policies.size(); ++i) {
    const StoredPolicy& each = stored_.policies[i];
    policies_.emplace(std::pair(each.policy.organization(), each.policy.name()),
                      Entry{.policy = Policy(each, default_ttl), .at = i});
  }
}

const Policy* PolicySet::Find(const std::string& organization, const std::string& name) const {
  const auto found = policies_.find({organization, name});
  return found == policies_.end() ? nullptr : &found->second.policy;
}

const StoredPolicy* PolicySet::FindStored(const std::string& organization,
                                          const std::string& name) const {
  const auto found = policies_.find({organization, name});
  return found == policies_.end() ? nullptr : &stored_.policies[found->second.at];
}

v1::PolicyTable MakePolicyTable(const PolicySet& policies, std::string_view embedder, bool remote) {
  v1::PolicyTable table;
  table.set_version(static_cast<uint64_t>(policies.sequence()));
  for (const StoredPolicy& each : policies.stored().policies) {
    *table.add_policies() = ToEntry(each);
  }
  table.set_embedder_fingerprint(std::string(embedder));
  table.set_remote_embedder(remote);
  return table;
}

}  // namespace weir::cache

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/time/clock.h"
#include "services/cache/cache_policy_store.h"
#include "weir/cache/v1/cache.pb.h"

namespace weir::cache {

// What a policy says, with the defaults of what it leaves out.
struct Policy {
  Policy(const StoredPolicy& stored, Duration default_ttl);

  std::string organization, name;
  double threshold = 0.92;
  bool exact_only = false;
  Duration ttl;
  v1::Scope scope = v1::SCOPE_TEAM;
  // Others than the author read an answer only once two users got equal ones.
  bool promotes = true;
  bool single_flight = true;
  double hit_share = 0;
  uint64_t epoch = 0;
};

// All policies as of one change. Immutable.
class PolicySet {
 public:
  // `default_ttl`: of policies that say none.
  explicit PolicySet(const StoredPolicies& stored, Duration default_ttl = std::chrono::hours(1));

  // Null where there is none.
  const Policy* Find(const std::string& organization, const std::string& name) const;
  // Null where there is none.
  const StoredPolicy* FindStored(const std::string& organization, const std::string& name) const;
  int64_t sequence() const { return stored_.sequence; }
  // By organisation and name.
  const StoredPolicies& stored() const { return stored_; }

 private:
  struct Entry {
    Policy policy;
    size_t at;  // In stored_.
  };
  const StoredPolicies stored_;
  std::map<std::pair<std::string, std::string>, Entry> policies_;
};

// What edges are told. `embedder`: its fingerprint; `remote`: texts leave this process for it.
v1::PolicyTable MakePolicyTable(const PolicySet& policies, std::string_view embedder, bool remote);

}  // namespace weir::cache

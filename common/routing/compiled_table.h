#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/routing/rotation.h"
#include "common/routing/state_registry.h"
#include "common/routing/target_health.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::routing {

// Looks a std::string up by std::string_view, without a copy.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

// What must not start anew when a table is replaced. Shared by all tables of one planner.
struct RouteStates {
  StateRegistry<TargetHealth> healths;
  StateRegistry<Rotation> rotations;
};

// Where a request may be answered, in one route.
struct Target {
  uint32_t provider_index = 0;
  std::string provider;
  // Empty: what the client named.
  std::string upstream_model;
  // Of this target in this route alone.
  std::shared_ptr<TargetHealth> health;
};

struct CompiledModel {
  std::string name;
  int64_t output_tokens_max = 0;
  bool round_robin = false;
  Duration suspend{};
  // At most kMaxMembers, all callable.
  std::vector<Target> targets;
  // Why `targets` is empty.
  std::string unresolved_reason;
  std::shared_ptr<Rotation> rotation;
};

// A model as a member of a proxy's rotation: its targets with the health that they have there.
struct RotationMember {
  const CompiledModel* model = nullptr;
  std::vector<Target> targets;
  // Whose turn it is among `targets`.
  std::shared_ptr<Rotation> rotation;
};

struct CompiledProxy {
  std::string name;
  // A bit per ApiKind.
  uint32_t kinds = 0;
  // Empty: it serves.
  std::string degraded_reason;
  // Everything goes here. Neither this nor `members`: to the model that the client names.
  std::optional<Target> pass_through;
  // At most kMaxMembers.
  std::vector<RotationMember> members;
  Duration suspend{};
  std::shared_ptr<Rotation> rotation;
  // Names of models, aliases resolved; for a pass-through whatever the operator wrote. Empty: all.
  TextSet allowed_models;

  // API_KIND_UNSPECIFIED: whatever it is.
  bool Serves(v1::ApiKind kind) const { return kind >= 0 && kind < 32 && (kinds >> kind & 1) != 0; }
};

struct CompiledOrganization {
  // Neither moves nor copies once `names` and the proxies point into it.
  std::deque<CompiledModel> models;
  // Names and aliases.
  TextMap<const CompiledModel*> names;
  TextMap<CompiledProxy> proxies;

  // Null where there is none.
  const CompiledModel* FindModel(std::string_view name_or_alias) const;
  const CompiledProxy* FindProxy(std::string_view name) const;
};

// All that planning needs to know, looked up by hash. Immutable, but for the states that it shares
// with its neighbours.
class CompiledTable {
 public:
  // Of what edges get of routing, so that whoever has a table plans alike. The states are the only
  // thing outside that is touched. What a table should not hold (an index past its providers, a
  // model that it does not have, a member past the 64th) is left out; who then has nobody to go to
  // says so, as if routing had.
  static std::shared_ptr<const CompiledTable> Compile(std::shared_ptr<const v1::RoutingTable> table,
                                                      RouteStates& states);
  CompiledTable(const CompiledTable&) = delete;
  CompiledTable& operator=(const CompiledTable&) = delete;

  uint64_t version() const { return source_->version(); }
  // Most attempts of one plan, 1 to 64.
  size_t max_attempts() const { return max_attempts_; }
  // What it was compiled of. Holds credentials. Never null.
  const std::shared_ptr<const v1::RoutingTable>& source() const { return source_; }
  // Null where it has neither models nor proxies.
  const CompiledOrganization* FindOrganization(std::string_view name) const;
  const TextMap<CompiledOrganization>& organizations() const { return organizations_; }

 private:
  friend class TableCompiler;
  CompiledTable() = default;

  std::shared_ptr<const v1::RoutingTable> source_;
  size_t max_attempts_ = 0;
  TextMap<CompiledOrganization> organizations_;
};

}  // namespace weir::routing

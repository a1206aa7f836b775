#include "services/routing/health_view.h"

#include <algorithm>
#include <span>
#include <string>
#include <tuple>

#include "common/time/proto_time.h"

namespace weir::routing {
namespace {

using TargetRow = v1::GetHealthResponse::TargetHealth;

// Collects rows as of one moment.
class HealthRows {
 public:
  HealthRows(const Clock& clock, Duration memory)
      : monotonic_(clock.Monotonic()), wall_(clock.Now()), memory_(memory) {}

  void Add(std::span<const Target> targets, Duration suspend, const std::string& proxy) {
    for (const Target& each : targets) AddTarget(each, suspend, proxy);
  }

  v1::GetHealthResponse Take() && {
    std::ranges::sort(*rows_.mutable_targets(), {}, [](const TargetRow& row) {
      return std::tie(row.proxy(), row.provider(), row.upstream_model());
    });
    return std::move(rows_);
  }

 private:
  void AddTarget(const Target& target, Duration suspend, const std::string& proxy) {
    const TargetHealth::View view = target.health->Now();
    const bool failed = view.failed_at != MonotonicTime::min();
    const bool lately = failed && monotonic_ - view.failed_at < memory_;
    const bool is_out = target.health->IsOut(monotonic_, suspend);
    if (!is_out && !lately && view.consecutive_failures == 0) return;
    TargetRow* row = rows_.add_targets();
    row->set_provider(target.provider);
    row->set_upstream_model(target.upstream_model);
    row->set_last_failure(view.last_failure);
    row->set_consecutive_failures(view.consecutive_failures);
    row->set_proxy(proxy);
    if (is_out) {
      const Duration left = target.health->ReturnsAt(suspend) - monotonic_;
      *row->mutable_suspended_until() = ToProto(wall_ + left);
    }
  }

  const MonotonicTime monotonic_;
  const WallTime wall_;
  const Duration memory_;
  v1::GetHealthResponse rows_;
};

}  // namespace

v1::GetHealthResponse HealthOf(const CompiledTable& table, std::string_view organization,
                               const Clock& clock, Duration memory) {
  HealthRows rows(clock, memory);
  const CompiledOrganization* found = table.FindOrganization(organization);
  if (found == nullptr) return {};
  for (const CompiledModel& each : found->models) rows.Add(each.targets, each.suspend, "");
  for (const auto& [name, proxy] : found->proxies) {
    if (proxy.pass_through) rows.Add({&*proxy.pass_through, 1}, Duration::zero(), name);
    for (const RotationMember& each : proxy.members) rows.Add(each.targets, proxy.suspend, name);
  }
  return std::move(rows).Take();
}

}  // namespace weir::routing

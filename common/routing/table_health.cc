#include "common/routing/table_health.h"

#include <span>
#include <string>

#include "common/time/proto_time.h"

namespace weir::routing {
namespace {

TargetHealth* FindIn(std::span<const Target> targets, const TargetName& name) {
  for (const Target& each : targets) {
    if (each.provider == name.provider && each.upstream_model == name.upstream_model) {
      return each.health.get();
    }
  }
  return nullptr;
}

TargetHealth* FindInProxy(const CompiledProxy& proxy, const TargetName& name) {
  if (proxy.pass_through) {
    const bool same = proxy.pass_through->provider == name.provider;
    return same ? proxy.pass_through->health.get() : nullptr;
  }
  for (const RotationMember& each : proxy.members) {
    if (each.model->name == name.model) return FindIn(each.targets, name);
  }
  return nullptr;
}

template <typename Message>
TargetName NameIn(const Message& message) {
  return {.organization = message.organization(),
          .proxy = message.proxy(),
          .model = message.model(),
          .provider = message.provider(),
          .upstream_model = message.upstream_model()};
}

// Collects suspensions as of one moment.
class SuspensionRows {
 public:
  SuspensionRows(MonotonicTime since, MonotonicTime now) : since_(since), now_(now) {}

  void Add(const std::string& organization, const std::string& proxy, const std::string& model,
           std::span<const Target> targets, Duration suspend) {
    for (const Target& each : targets) {
      if (!each.health->IsOut(now_, suspend)) continue;
      const TargetHealth::View view = each.health->Now();
      if (view.failed_at <= since_) continue;
      v1::Suspension* row = rows_.add_suspensions();
      row->set_organization(organization);
      row->set_proxy(proxy);
      row->set_model(model);
      row->set_provider(each.provider);
      row->set_upstream_model(each.upstream_model);
      row->set_outcome(view.outcome);
      row->set_http_status(view.http_status);
      *row->mutable_age() = ToProto(now_ - view.failed_at);
    }
  }
  v1::Suspensions Take() && { return std::move(rows_); }

 private:
  const MonotonicTime since_;
  const MonotonicTime now_;
  v1::Suspensions rows_;
};

}  // namespace

TargetName NameOf(const v1::ReportRequest& report) { return NameIn(report); }
TargetName NameOf(const v1::Suspension& suspension) { return NameIn(suspension); }

TargetHealth* FindHealth(const CompiledTable& table, const TargetName& name) {
  const CompiledOrganization* organization = table.FindOrganization(name.organization);
  if (organization == nullptr) return nullptr;
  const CompiledProxy* proxy = name.proxy.empty() ? nullptr : organization->FindProxy(name.proxy);
  const bool has_targets = proxy != nullptr && (proxy->pass_through || !proxy->members.empty());
  if (has_targets) return FindInProxy(*proxy, name);
  const CompiledModel* model = organization->FindModel(name.model);
  return model == nullptr ? nullptr : FindIn(model->targets, name);
}

v1::Suspensions SuspensionsSince(const CompiledTable& table, MonotonicTime since,
                                 MonotonicTime now) {
  SuspensionRows rows(since, now);
  for (const auto& [name, organization] : table.organizations()) {
    for (const CompiledModel& model : organization.models) {
      rows.Add(name, "", model.name, model.targets, model.suspend);
    }
    for (const auto& [proxy_name, proxy] : organization.proxies) {
      for (const RotationMember& each : proxy.members) {
        rows.Add(name, proxy_name, each.model->name, each.targets, proxy.suspend);
      }
    }
  }
  return std::move(rows).Take();
}

void Learn(const CompiledTable& table, const v1::Suspensions& suspensions, MonotonicTime now) {
  for (const v1::Suspension& each : suspensions.suspensions()) {
    TargetHealth* health = FindHealth(table, NameOf(each));
    if (health == nullptr) continue;
    const Duration age = FromProto(each.age()).value_or(Duration::zero());
    // A day is longer than any suspension, and no time underflows by it.
    const Duration bounded = std::clamp<Duration>(age, Duration::zero(), std::chrono::hours(24));
    health->RecordElsewhere(each.outcome(), each.http_status(), now - bounded);
  }
}

}  // namespace weir::routing

#include "common/routing/planner.h"

#include <array>
#include <span>

#include "common/status/detail.h"
#include "common/text/excerpt.h"
#include "common/time/proto_time.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::routing {
namespace {

// Longer names are no model of ours, and would only make a long message upstream.
constexpr size_t kMaxModelBytes = 200;

absl::Status UnknownModel(const v1::PlanRequest& request) {
  return status::NotFound("The model '{}' does not exist or is not served here",
                          text::Excerpt(request.model()));
}

absl::Status NoModelNamed() {
  return status::InvalidArgument("the request names no model, want the name of one");
}

MemberSet Available(std::span<const Target> targets, Duration suspend, MonotonicTime now) {
  MemberSet available = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i].health->IsOut(now, suspend)) available |= OnlyMember(i);
  }
  return available;
}

MonotonicTime EarliestReturn(std::span<const Target> targets, Duration suspend) {
  MonotonicTime earliest = MonotonicTime::max();
  for (const Target& each : targets) {
    earliest = std::min(earliest, each.health->ReturnsAt(suspend));
  }
  return earliest;
}

absl::Status AllOut(MonotonicTime earliest_return, MonotonicTime now) {
  common::v1::RetryLater detail;
  *detail.mutable_retry_after() = ToProto(earliest_return - now);
  return status::WithDetail(status::Unavailable("{}", kAllOutMessage), detail);
}

// Calls `visit` with each of `available`, from `first` on and around.
template <typename Visit>
void ForEachFrom(MemberSet available, size_t first, size_t size, Visit visit) {
  while (const std::optional<size_t> next = FirstFrom(available, first, size)) {
    available &= ~OnlyMember(*next);
    visit(*next);
  }
}

// Collects the attempts of one plan.
class Plan {
 public:
  Plan(uint64_t table_version, size_t max_attempts)
      : table_version_(table_version), max_attempts_(max_attempts) {}

  void Add(const Target& target, std::string_view upstream_model, std::string_view model) {
    if (static_cast<size_t>(response_.attempts_size()) >= max_attempts_) return;
    v1::Attempt* attempt = response_.add_attempts();
    attempt->set_provider_index(target.provider_index);
    attempt->set_provider(target.provider);
    attempt->set_upstream_model(upstream_model.data(), upstream_model.size());
    attempt->set_model(model.data(), model.size());
    attempt->set_table_version(table_version_);
  }

  void AddFrom(std::span<const Target> targets, MemberSet available, size_t first,
               const CompiledModel& model) {
    ForEachFrom(available, first, targets.size(), [&](size_t index) {
      Add(targets[index], targets[index].upstream_model, model.name);
    });
  }

  v1::PlanResponse Of(const CompiledModel& model) && {
    response_.set_model(model.name);
    response_.set_output_tokens_max(model.output_tokens_max);
    return std::move(response_);
  }
  v1::PlanResponse Of(const std::string& model) && {
    response_.set_model(model);
    return std::move(response_);
  }

 private:
  const uint64_t table_version_;
  const size_t max_attempts_;
  v1::PlanResponse response_;
};

// To the model's own targets.
absl::StatusOr<v1::PlanResponse> PlanModel(const CompiledModel& model, Plan plan,
                                           MonotonicTime now) {
  if (!model.unresolved_reason.empty()) {
    return status::Unavailable("the model '{}' cannot be served: {}", model.name,
                               model.unresolved_reason);
  }
  const MemberSet available = Available(model.targets, model.suspend, now);
  if (available == 0) return AllOut(EarliestReturn(model.targets, model.suspend), now);
  const size_t first =
      model.round_robin ? model.rotation->Next(available, model.targets.size()).value_or(0) : 0;
  plan.AddFrom(model.targets, available, first, model);
  return std::move(plan).Of(model);
}

// Only the head of a plan is surely called: only there a turn passes.
size_t FirstTarget(const RotationMember& member, MemberSet available, bool is_head) {
  if (!member.model->round_robin) return 0;
  const size_t size = member.targets.size();
  const std::optional<size_t> first =
      is_head ? member.rotation->Next(available, size) : member.rotation->Peek(available, size);
  return first.value_or(0);
}

absl::Status AllMembersOut(const CompiledProxy& proxy, MonotonicTime now) {
  MonotonicTime earliest = MonotonicTime::max();
  for (const RotationMember& each : proxy.members) {
    earliest = std::min(earliest, EarliestReturn(each.targets, proxy.suspend));
  }
  return AllOut(earliest, now);
}

// Over the proxy's models, whatever the client named. A model is out when all its targets are.
absl::StatusOr<v1::PlanResponse> PlanRotation(const CompiledProxy& proxy, Plan plan,
                                              MonotonicTime now) {
  std::array<MemberSet, kMaxMembers> targets{};
  MemberSet available = 0;
  for (size_t i = 0; i < proxy.members.size(); ++i) {
    targets[i] = Available(proxy.members[i].targets, proxy.suspend, now);
    if (targets[i] != 0) available |= OnlyMember(i);
  }
  const std::optional<size_t> head = proxy.rotation->Next(available, proxy.members.size());
  if (!head) return AllMembersOut(proxy, now);
  ForEachFrom(available, *head, proxy.members.size(), [&](size_t index) {
    const RotationMember& member = proxy.members[index];
    const size_t first = FirstTarget(member, targets[index], index == *head);
    plan.AddFrom(member.targets, targets[index], first, *member.model);
  });
  return std::move(plan).Of(*proxy.members[*head].model);
}

// `organization`: null where it has neither models nor proxies. `proxy`: null at the root.
absl::StatusOr<v1::PlanResponse> PlanNamed(const CompiledOrganization* organization,
                                           const CompiledProxy* proxy,
                                           const v1::PlanRequest& request, Plan plan,
                                           MonotonicTime now) {
  if (request.model().empty()) return NoModelNamed();
  const CompiledModel* model =
      organization == nullptr ? nullptr : organization->FindModel(request.model());
  if (model == nullptr) return UnknownModel(request);
  const bool restricted = proxy != nullptr && !proxy->allowed_models.empty();
  if (restricted && !proxy->allowed_models.contains(model->name)) return UnknownModel(request);
  return PlanModel(*model, std::move(plan), now);
}

// One attempt, whatever the model: there is nowhere else to go, so that nothing is ever left out
// here.
absl::StatusOr<v1::PlanResponse> PlanPassThrough(const CompiledProxy& proxy,
                                                 const v1::PlanRequest& request, Plan plan) {
  const bool restricted = !proxy.allowed_models.empty();
  if (request.model().size() > kMaxModelBytes ||
      (restricted && !proxy.allowed_models.contains(request.model()))) {
    return UnknownModel(request);
  }
  plan.Add(*proxy.pass_through, request.model(), request.model());
  return std::move(plan).Of(request.model());
}

absl::StatusOr<v1::PlanResponse> PlanProxy(const CompiledOrganization& organization,
                                           const CompiledProxy& proxy,
                                           const v1::PlanRequest& request, Plan plan,
                                           MonotonicTime now) {
  if (!proxy.Serves(request.kind())) {
    return status::NotFound("the proxy '{}' does not serve this kind of request", proxy.name);
  }
  if (!proxy.degraded_reason.empty()) {
    return status::Unavailable("the proxy '{}' cannot serve: {}", proxy.name,
                               proxy.degraded_reason);
  }
  if (proxy.pass_through) return PlanPassThrough(proxy, request, std::move(plan));
  if (!proxy.members.empty()) return PlanRotation(proxy, std::move(plan), now);
  return PlanNamed(&organization, &proxy, request, std::move(plan), now);
}

}  // namespace

absl::StatusOr<v1::PlanResponse> PlanOn(const CompiledTable& table, const v1::PlanRequest& request,
                                        MonotonicTime now) {
  Plan plan(table.version(), table.max_attempts());
  const CompiledOrganization* organization = table.FindOrganization(request.organization());
  if (request.proxy().empty()) {
    return PlanNamed(organization, nullptr, request, std::move(plan), now);
  }
  const CompiledProxy* proxy =
      organization == nullptr ? nullptr : organization->FindProxy(request.proxy());
  if (proxy == nullptr) {
    return status::NotFound("the proxy '{}' does not exist", text::Excerpt(request.proxy()));
  }
  return PlanProxy(*organization, *proxy, request, std::move(plan), now);
}

}  // namespace weir::routing

#include "services/quota/compiled_limit.h"

#include "services/quota/hash.h"

namespace weir::quota {
namespace {

int64_t Nanos(const google::protobuf::Duration& duration) {
  return duration.seconds() * kSecondNs + duration.nanos();
}

CountingRule RuleOf(const v1::Limit& limit) {
  if (limit.has_token_bucket()) {
    const int64_t burst = limit.token_bucket().burst();
    return {.kind = CountingRule::Kind::kTokenBucket,
            .count = limit.count(),
            .period_ns = Nanos(limit.token_bucket().period()),
            .capacity = burst == 0 ? limit.count() : burst};
  }
  const bool anchored = limit.fixed_window().anchor() == v1::FixedWindow::ANCHOR_FIRST_HOLD;
  return {.kind = anchored ? CountingRule::Kind::kAnchoredWindow : CountingRule::Kind::kUtcWindow,
          .count = limit.count(),
          .period_ns = Nanos(limit.fixed_window().period()),
          .capacity = limit.count()};
}

Enforcement EnforcementOf(const v1::Limit& limit, const CountingRule& rule) {
  if (limit.enforcement() == v1::ENFORCEMENT_OBSERVE) return Enforcement::kObserve;
  // The cost of a request is known before the call: nothing about it is likely.
  if (limit.unit() == common::v1::UNIT_REQUESTS) return Enforcement::kStrict;
  if (limit.enforcement() == v1::ENFORCEMENT_STRICT) return Enforcement::kStrict;
  if (limit.enforcement() == v1::ENFORCEMENT_ADAPTIVE) return Enforcement::kAdaptive;
  const bool budget = !rule.is_bucket() && rule.period_ns >= kDayNs;
  return budget ? Enforcement::kStrict : Enforcement::kAdaptive;
}

}  // namespace

std::string_view LevelName(v1::Level level) {
  switch (level) {
    case v1::LEVEL_ORGANIZATION:
      return "organization";
    case v1::LEVEL_TEAM:
      return "team";
    case v1::LEVEL_USER:
      return "user";
    case v1::LEVEL_KEY:
      return "key";
    case v1::LEVEL_PROVIDER:
      return "provider";
    case v1::LEVEL_MODEL:
      return "model";
    case v1::LEVEL_PROXY:
      return "proxy";
    default:
      return "unspecified";
  }
}

LimitPtr Compile(const v1::Limit& limit, int64_t counting_since_us) {
  auto compiled = std::make_shared<CompiledLimit>();
  compiled->organization = limit.organization();
  compiled->name = limit.name();
  compiled->level = limit.level();
  compiled->subject = limit.subject();
  compiled->unit = limit.unit();
  compiled->rule = RuleOf(limit);
  compiled->enforcement = EnforcementOf(limit, compiled->rule);
  compiled->contact = limit.contact();
  compiled->counting_since_us = counting_since_us;
  compiled->identity_hash =
      HashOf(compiled->organization, compiled->name, compiled->counting_since_us);
  return compiled;
}

}  // namespace weir::quota

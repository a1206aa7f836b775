#pragma once

#include <string>
#include <vector>

#include "services/quota/attempt_id.h"
#include "services/quota/limit_store.h"
#include "services/quota/limit_table.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::quota {

// A limit in one line: LimitOf({.name = "day", .unit = kTokens, .count = 600, .enforcement =
// v1::ENFORCEMENT_STRICT}).
inline constexpr Unit kRequests = common::v1::UNIT_REQUESTS;
inline constexpr Unit kTokens = common::v1::UNIT_TOTAL_TOKENS;

struct LimitSpec {
  std::string name = "limit";
  std::string organization = "acme";
  v1::Level level = v1::LEVEL_ORGANIZATION;
  std::string subject;
  Unit unit = kTokens;
  int64_t count = 100;
  int64_t period_s = 60;
  CountingRule::Kind kind = CountingRule::Kind::kUtcWindow;
  int64_t burst = 0;
  v1::Enforcement enforcement = v1::ENFORCEMENT_UNSPECIFIED;
  std::string contact;
};

inline v1::Limit LimitOf(const LimitSpec& spec) {
  v1::Limit limit;
  limit.set_organization(spec.organization);
  limit.set_name(spec.name);
  limit.set_level(spec.level);
  limit.set_subject(spec.subject);
  limit.set_unit(spec.unit);
  limit.set_count(spec.count);
  limit.set_enforcement(spec.enforcement);
  limit.set_contact(spec.contact);
  if (spec.kind == CountingRule::Kind::kTokenBucket) {
    limit.mutable_token_bucket()->mutable_period()->set_seconds(spec.period_s);
    limit.mutable_token_bucket()->set_burst(spec.burst);
    return limit;
  }
  limit.mutable_fixed_window()->mutable_period()->set_seconds(spec.period_s);
  limit.mutable_fixed_window()->set_anchor(spec.kind == CountingRule::Kind::kAnchoredWindow
                                               ? v1::FixedWindow::ANCHOR_FIRST_HOLD
                                               : v1::FixedWindow::ANCHOR_UTC);
  return limit;
}

inline std::shared_ptr<const LimitTable> TableOf(const std::vector<LimitSpec>& specs) {
  std::vector<StoredLimit> limits;
  for (const LimitSpec& each : specs) limits.push_back({.limit = LimitOf(each)});
  return LimitTable::Build(limits);
}

// Of organisation "acme".
inline v1::Subjects SubjectsOf(const std::string& user, const std::string& team = "",
                               const std::string& model = "") {
  v1::Subjects subjects;
  subjects.set_organization("acme");
  subjects.set_user(user);
  subjects.set_team(team);
  subjects.set_model(model);
  return subjects;
}

// The `number`th request.
inline AttemptId IdOf(uint32_t number, uint32_t attempt = 1) {
  AttemptId id;
  std::memcpy(id.request.data(), &number, sizeof(number));
  id.attempt = attempt;
  return id;
}

}  // namespace weir::quota

#include "services/quota/limit_states.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "common/status/detail.h"
#include "common/text/parse.h"

namespace weir::quota {
namespace {

constexpr size_t kNone = ~size_t{0};

// The tightest of a unit; kNone: no limit counts it.
size_t TightestOf(Unit unit, const LimitMatches& matches, const Positions& positions) {
  size_t tightest = kNone;
  const auto rank = [&](size_t i) {
    return std::tuple(matches[i].limit->enforcement == Enforcement::kObserve,
                      positions[i].standing.remaining(), -positions[i].reset_after_ns);
  };
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].limit->unit != unit) continue;
    if (tightest == kNone || rank(i) < rank(tightest)) tightest = i;
  }
  return tightest;
}

std::array<size_t, 2> TightestOfEach(const LimitMatches& matches, const Positions& positions) {
  return {TightestOf(common::v1::UNIT_REQUESTS, matches, positions),
          TightestOf(common::v1::UNIT_TOTAL_TOKENS, matches, positions)};
}

std::string_view UnitName(Unit unit) {
  return unit == common::v1::UNIT_REQUESTS ? "requests" : "tokens";
}

std::string WhenAgain(int64_t retry_after_ns) {
  if (retry_after_ns == kForeverNs) return "this call never fits";
  return fmt::format("try again in {}", text::FormatRateLimitReset(Duration(retry_after_ns)));
}

}  // namespace

std::string EntityOf(const CompiledLimit& limit, std::string_view subject) {
  const bool is_organization = limit.level == v1::LEVEL_ORGANIZATION;
  return fmt::format("{}:{}", LevelName(limit.level),
                     is_organization ? std::string_view(limit.organization) : subject);
}

google::protobuf::Duration ToProto(int64_t ns) {
  google::protobuf::Duration duration;
  duration.set_seconds(ns / kSecondNs);
  duration.set_nanos(static_cast<int32_t>(ns % kSecondNs));
  return duration;
}

v1::LimitState ToState(const CompiledLimit& limit, const Position& position) {
  v1::LimitState state;
  state.set_limit_name(limit.name);
  state.set_unit(limit.unit);
  state.set_limit(limit.rule.capacity);
  state.set_remaining(position.standing.remaining());
  if (position.reset_after_ns != kForeverNs) {
    *state.mutable_reset_after() = ToProto(position.reset_after_ns);
  }
  const std::string_view level = LevelName(limit.level);
  state.set_level(level.data(), level.size());
  state.set_enforced(limit.enforcement != Enforcement::kObserve);
  return state;
}

void AddTightest(const LimitMatches& matches, const Positions& positions,
                 google::protobuf::RepeatedPtrField<v1::LimitState>& states) {
  for (const size_t i : TightestOfEach(matches, positions)) {
    if (i != kNone) *states.Add() = ToState(*matches[i].limit, positions[i]);
  }
}

void AddStates(const LimitMatches& matches, const Positions& positions,
               google::protobuf::RepeatedPtrField<v1::LimitState>& states) {
  AddTightest(matches, positions, states);
  const auto tightest = TightestOfEach(matches, positions);
  for (size_t i = 0; i < matches.size(); ++i) {
    if (std::ranges::find(tightest, i) != tightest.end()) continue;
    *states.Add() = ToState(*matches[i].limit, positions[i]);
  }
}

absl::Status Exhausted(const CompiledLimit& limit, std::string_view subject,
                       const Position& position, bool hard, int64_t retry_after_ns) {
  common::v1::QuotaViolation violation;
  violation.set_limit_name(limit.name);
  violation.set_entity(EntityOf(limit, subject));
  violation.set_level(std::string(LevelName(limit.level)));
  violation.set_unit(limit.unit);
  violation.set_limit(limit.rule.capacity);
  violation.set_remaining(position.standing.remaining());
  const bool resets = position.reset_after_ns != kForeverNs && retry_after_ns != kForeverNs;
  if (resets) *violation.mutable_reset_after() = ToProto(position.reset_after_ns);
  if (retry_after_ns != kForeverNs) *violation.mutable_retry_after() = ToProto(retry_after_ns);
  violation.set_hard(hard);
  violation.set_contact(limit.contact);
  return status::WithDetail(
      status::ResourceExhausted("limit '{}' of {}: {} of {} {} remain, {}", limit.name,
                                violation.entity(), violation.remaining(), violation.limit(),
                                UnitName(limit.unit), WhenAgain(retry_after_ns)),
      violation);
}

}  // namespace weir::quota

#include "services/quota/limit_check.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "services/quota/counting_rule.h"

namespace weir::quota {
namespace {

constexpr int64_t kMaxPeriodSeconds = 366 * 86'400;
constexpr size_t kMaxSubject = 256;
constexpr size_t kMaxContact = 200;

void CheckPeriod(std::string_view path, const google::protobuf::Duration& period,
                 status::BadFields& bad) {
  const bool is_long = period.seconds() > kMaxPeriodSeconds ||
                       (period.seconds() == kMaxPeriodSeconds && period.nanos() > 0);
  const bool is_odd = period.nanos() < 0 || period.nanos() >= kSecondNs;
  if (period.seconds() >= 1 && !is_long && !is_odd) return;
  bad.Add(path, "got {} s and {} ns, want 1s to 366d", period.seconds(), period.nanos());
}

void CheckAlgorithm(const v1::Limit& limit, status::BadFields& bad) {
  switch (limit.algorithm_case()) {
    case v1::Limit::kFixedWindow:
      CheckPeriod("limit.fixed_window.period", limit.fixed_window().period(), bad);
      if (!v1::FixedWindow::Anchor_IsValid(limit.fixed_window().anchor())) {
        bad.Add("limit.fixed_window.anchor", "want ANCHOR_UTC or ANCHOR_FIRST_HOLD");
      }
      break;
    case v1::Limit::kTokenBucket:
      CheckPeriod("limit.token_bucket.period", limit.token_bucket().period(), bad);
      bad.InRange("limit.token_bucket.burst", limit.token_bucket().burst(), 0, kMaxAmount);
      break;
    case v1::Limit::ALGORITHM_NOT_SET:
      bad.Add("limit.algorithm", "is unset, want fixed_window or token_bucket");
      break;
  }
}

void CheckSubject(const v1::Limit& limit, status::BadFields& bad) {
  const bool known = limit.level() >= v1::LEVEL_ORGANIZATION && limit.level() <= v1::LEVEL_PROXY;
  if (!known) {
    bad.Add("limit.level", "is unset or unknown, want LEVEL_ORGANIZATION to LEVEL_PROXY");
    return;
  }
  const std::string& subject = limit.subject();
  if (limit.level() == v1::LEVEL_ORGANIZATION) {
    bad.Require(subject.empty(), "limit.subject", text::Excerpt(subject),
                "nothing for an organisation's limit");
    return;
  }
  bad.Require(!subject.empty() && subject.size() <= kMaxSubject, "limit.subject",
              text::Excerpt(subject),
              "a name of at most 256 bytes, or '*' for each that has no limit of its own");
}

}  // namespace

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
    return text::IsLower(c) || text::IsDigit(c) || c == '-';
  });
}

void CheckLimit(const v1::Limit& limit, status::BadFields& bad) {
  bad.Require(!limit.organization().empty(), "limit.organization", limit.organization(),
              "the name of an organisation");
  bad.Require(IsName(limit.name()), "limit.name", text::Excerpt(limit.name()),
              "1 to 63 of [a-z0-9-]");
  CheckSubject(limit, bad);
  const bool has_unit =
      limit.unit() == common::v1::UNIT_REQUESTS || limit.unit() == common::v1::UNIT_TOTAL_TOKENS;
  if (!has_unit)
    bad.Add("limit.unit", "is unset or unknown, want UNIT_REQUESTS or UNIT_TOTAL_TOKENS");
  bad.InRange("limit.count", limit.count(), 0, kMaxAmount);
  CheckAlgorithm(limit, bad);
  if (!v1::Enforcement_IsValid(limit.enforcement())) {
    bad.Add("limit.enforcement", "is unknown, want strict, adaptive, observe or nothing");
  }
  bad.Require(limit.contact().size() <= kMaxContact, "limit.contact",
              text::Excerpt(limit.contact()), "at most 200 bytes");
}

}  // namespace weir::quota

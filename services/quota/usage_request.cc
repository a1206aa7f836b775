#include "services/quota/usage_request.h"

#include <algorithm>

#include "common/text/excerpt.h"
#include "services/quota/counting_rule.h"
#include "services/quota/fixed_window.h"

namespace weir::quota {
namespace {

constexpr std::string_view kWantField = "team, user, key, proxy, provider or model";

std::optional<size_t> FieldNamed(std::string_view name) {
  const auto found = std::ranges::find(kUsageFieldNames, name);
  if (found == kUsageFieldNames.end()) return std::nullopt;
  return found - kUsageFieldNames.begin();
}

int64_t Micros(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

void ParseTimes(const v1::QueryUsageRequest& request, WallTime now, UsageQuery& query,
                status::BadFields& bad) {
  constexpr int64_t kYear10000 = 253'402'300'800;
  bad.InRange("from.seconds", request.from().seconds(), 0, kYear10000);
  bad.InRange("to.seconds", request.to().seconds(), 0, kYear10000);
  const int64_t today_ns = UtcWindowStart(kDayNs, now.time_since_epoch().count());
  query.from_us = request.has_from() ? Micros(request.from()) : today_ns / 1000;
  // What is settled at this very moment is part of "until now".
  query.to_us = request.has_to() ? Micros(request.to()) : ToUnixMicros(now) + 1;
  if (query.from_us >= query.to_us) bad.Add("from", "is not before `to`, want an earlier time");
}

}  // namespace

UsageQuery ParseUsageQuery(const v1::QueryUsageRequest& request, WallTime now,
                           status::BadFields& bad) {
  UsageQuery query{.organization = request.organization(), .max_rows = kMaxUsageRows + 1};
  bad.Require(!query.organization.empty(), "organization", query.organization,
              "the name of an organisation");
  ParseTimes(request, now, query, bad);
  for (int i = 0; i < request.group_by_size(); ++i) {
    const std::optional<size_t> field = FieldNamed(request.group_by(i));
    bad.Require(field.has_value(), fmt::format("group_by[{}]", i),
                text::Excerpt(request.group_by(i)), kWantField);
    if (field) query.group_by[*field] = true;
  }
  for (const auto& [name, value] : request.filter()) {
    const std::optional<size_t> field = FieldNamed(name);
    bad.Require(field.has_value(), "filter", text::Excerpt(name), kWantField);
    if (field) query.filter[*field] = value;
  }
  return query;
}

v1::QueryUsageResponse ToResponse(const UsageQuery& query, const std::vector<UsageSum>& sums) {
  v1::QueryUsageResponse response;
  for (const UsageSum& each : sums) {
    if (response.rows_size() == kMaxUsageRows) {
      response.set_truncated(true);
      break;
    }
    v1::UsageRow& row = *response.add_rows();
    for (size_t i = 0; i < kUsageFields; ++i) {
      if (query.group_by[i])
        (*row.mutable_group())[std::string(kUsageFieldNames[i])] = each.group[i];
    }
    row.set_requests(each.requests);
    row.set_attempts(each.attempts);
    *row.mutable_usage() = ToProto(each.usage);
    row.set_estimated_attempts(each.estimated_attempts);
    row.set_total_tokens(each.total_tokens);
  }
  return response;
}

}  // namespace weir::quota

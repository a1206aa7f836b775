#include "services/quota/quota_admin.h"

#include <google/protobuf/util/message_differencer.h>

#include "common/status/bad_fields.h"
#include "common/text/base64.h"
#include "common/text/excerpt.h"
#include "services/quota/limit_check.h"
#include "services/quota/usage_request.h"

namespace weir::quota {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int32_t kDefaultPage = 100;
constexpr int32_t kMaxPage = 1000;

// The counters of `before` go on in `after`.
bool CountsOn(const v1::Limit& before, const v1::Limit& after) {
  return before.unit() == after.unit() && before.level() == after.level() &&
         before.subject() == after.subject();
}

}  // namespace

absl::StatusOr<v1::PutLimitResponse> QuotaAdmin::PutLimit(const api::AdminCall&,
                                                          const v1::PutLimitRequest& request) {
  const v1::Limit& limit = request.limit();
  status::BadFields bad;
  CheckLimit(limit, bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  MutexLock lock(editing_);
  WEIR_ASSIGN_OR_RETURN(const std::optional<StoredLimit> before,
                        deps_.store.Get(limit.organization(), limit.name()));
  v1::PutLimitResponse response;
  *response.mutable_limit() = limit;
  response.set_changed(!before || !MessageDifferencer::Equals(before->limit, limit));
  if (request.validate_only()) return response;
  if (!response.changed()) {
    // An earlier call may have stored it and failed to load it.
    WEIR_RETURN_IF_ERROR(deps_.limits.Follow(deps_.store));
    return response;
  }

  const bool goes_on = before && CountsOn(before->limit, limit);
  const StoredLimit after{
      .limit = limit,
      .counting_since_us = goes_on ? before->counting_since_us : ToUnixMicros(deps_.clock.Now())};
  WEIR_RETURN_IF_ERROR(deps_.store.Put(after).status());
  WEIR_RETURN_IF_ERROR(deps_.limits.Change(deps_.store, before, after));
  return response;
}

absl::StatusOr<v1::ListLimitsResponse> QuotaAdmin::ListLimits(
    const api::AdminCall&, const v1::ListLimitsRequest& request) {
  status::BadFields bad;
  bad.Require(!request.organization().empty(), "organization", request.organization(),
              "the name of an organisation");
  bad.InRange("page_size", request.page_size(), 0, kMaxPage);
  const std::optional<std::string> after = text::Base64UrlDecode(request.page_token());
  const bool is_token = after && (after->empty() || IsName(*after));
  bad.Require(is_token, "page_token", text::Excerpt(request.page_token()),
              "the token of the previous page");
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  const int size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  WEIR_ASSIGN_OR_RETURN(std::vector<StoredLimit> limits,
                        deps_.store.List(request.organization(), *after, size + 1));
  v1::ListLimitsResponse response;
  for (StoredLimit& each : limits) {
    if (response.limits_size() == size) {
      response.set_next_page_token(text::Base64UrlEncode(response.limits(size - 1).name()));
      break;
    }
    *response.add_limits() = std::move(each.limit);
  }
  return response;
}

absl::StatusOr<v1::DeleteLimitResponse> QuotaAdmin::DeleteLimit(
    const api::AdminCall&, const v1::DeleteLimitRequest& request) {
  status::BadFields bad;
  bad.Require(!request.organization().empty(), "organization", request.organization(),
              "the name of an organisation");
  bad.Require(IsName(request.name()), "name", text::Excerpt(request.name()), "the name of a limit");
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  MutexLock lock(editing_);
  WEIR_ASSIGN_OR_RETURN(const std::optional<StoredLimit> before,
                        deps_.store.Get(request.organization(), request.name()));
  WEIR_RETURN_IF_ERROR(deps_.store.Delete(request.organization(), request.name()));
  WEIR_RETURN_IF_ERROR(deps_.limits.Change(deps_.store, before, std::nullopt));
  return v1::DeleteLimitResponse();
}

absl::StatusOr<v1::PeekResponse> QuotaAdmin::Peek(v1::PeekRequest request) {
  std::optional<absl::StatusOr<v1::PeekResponse>> states;
  const auto keep = [&states](std::exception_ptr thrown, absl::StatusOr<v1::PeekResponse> answer) {
    if (!thrown) states.emplace(std::move(answer));
  };
  MutexLock lock(asking_);
  loop_.restart();
  asio::co_spawn(loop_, deps_.quota.Peek({}, std::move(request)), keep);
  // Not to its end: a store may keep a connection on this loop.
  while (!states && loop_.run_one() > 0) {
  }
  if (states) return *std::move(states);
  return status::Internal("asking the quota: it ended without an answer");
}

absl::StatusOr<v1::GetLimitStatesResponse> QuotaAdmin::GetLimitStates(
    const api::AdminCall&, const v1::GetLimitStatesRequest& request) {
  status::BadFields bad;
  bad.Require(!request.subjects().organization().empty(), "subjects.organization",
              request.subjects().organization(), "the name of an organisation");
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  v1::PeekRequest peek;
  *peek.mutable_subjects() = request.subjects();
  WEIR_ASSIGN_OR_RETURN(v1::PeekResponse states, Peek(std::move(peek)));
  v1::GetLimitStatesResponse response;
  response.mutable_states()->Swap(states.mutable_states());
  return response;
}

absl::StatusOr<v1::QueryUsageResponse> QuotaAdmin::QueryUsage(
    const api::AdminCall&, const v1::QueryUsageRequest& request) {
  status::BadFields bad;
  const UsageQuery query = ParseUsageQuery(request, deps_.clock.Now(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  WEIR_ASSIGN_OR_RETURN(const std::vector<UsageSum> sums, deps_.ledger.QueryUsage(query));
  return ToResponse(query, sums);
}

}  // namespace weir::quota

#include "services/quota/quota_requests.h"

#include <algorithm>

#include "common/text/excerpt.h"
#include "services/quota/hash.h"

namespace weir::quota {
namespace {

int64_t OrUnset(bool has, int64_t value) { return has ? value : -1; }

}  // namespace

absl::StatusOr<AttemptId> ParseKey(const common::v1::AttemptKey& key) {
  if (std::optional<AttemptId> id = ParseAttemptId(key)) return *id;
  return status::InvalidArgument(
      "key is '{}' with attempt {}, want 32 lower-case hex digits and an attempt from 1",
      text::Excerpt(key.request_id()), key.attempt());
}

absl::StatusOr<std::optional<AttemptId>> ParseLeaseId(const v1::SettleRequest& request) {
  if (request.lease_id().empty()) return std::nullopt;
  common::v1::AttemptKey key;
  key.set_request_id(request.lease_id());
  key.set_attempt(1);
  if (std::optional<AttemptId> id = ParseAttemptId(key)) return id;
  return status::InvalidArgument("lease_id is '{}', want 32 lower-case hex digits",
                                 text::Excerpt(request.lease_id()));
}

absl::StatusOr<LeaseAmounts> ParseAmounts(const v1::LeaseAmounts& amounts, std::string_view field) {
  WEIR_RETURN_IF_ERROR(CheckAmount(fmt::format("{}.requests", field), amounts.requests()));
  WEIR_RETURN_IF_ERROR(
      CheckAmount(fmt::format("{}.strict_tokens", field), amounts.strict_tokens()));
  WEIR_RETURN_IF_ERROR(
      CheckAmount(fmt::format("{}.adaptive_tokens", field), amounts.adaptive_tokens()));
  return LeaseAmounts{amounts.requests(), amounts.strict_tokens(), amounts.adaptive_tokens()};
}

v1::LeaseAmounts ToProto(const LeaseAmounts& amounts) {
  v1::LeaseAmounts proto;
  proto.set_requests(amounts.requests);
  proto.set_strict_tokens(amounts.strict_tokens);
  proto.set_adaptive_tokens(amounts.adaptive_tokens);
  return proto;
}

absl::Status CheckSubjects(const v1::Subjects& subjects) {
  if (!subjects.organization().empty()) return absl::OkStatus();
  return status::InvalidArgument("subjects.organization is empty, want the organisation's name");
}

absl::Status CheckOrganization(const std::string& organization) {
  if (!organization.empty()) return absl::OkStatus();
  return status::InvalidArgument("organization is empty, want the organisation's name");
}

absl::Status CheckAnnouncement(const v1::AnnounceRequest& request) {
  WEIR_RETURN_IF_ERROR(CheckOrganization(request.organization()));
  if (request.attempts_size() > kMostAnnounced || request.leases_size() > kMostAnnounced) {
    return status::InvalidArgument("attempts are {} and leases {}, want at most {} of each",
                                   request.attempts_size(), request.leases_size(), kMostAnnounced);
  }
  for (const v1::ReserveRequest& each : request.attempts()) {
    if (each.subjects().organization() == request.organization()) continue;
    return status::InvalidArgument("attempts.subjects.organization is '{}', want '{}'",
                                   text::Excerpt(each.subjects().organization()),
                                   text::Excerpt(request.organization()));
  }
  return absl::OkStatus();
}

uint64_t BodyHash(const v1::ReserveRequest& request) {
  const v1::Subjects& subjects = request.subjects();
  const v1::Estimate& estimate = request.estimate();
  return HashOf(subjects.organization(), subjects.team(), subjects.user(), subjects.key_name(),
                subjects.key_public_id(), subjects.proxy(), subjects.provider(), subjects.model(),
                request.edge_id(), estimate.requests(), estimate.input_tokens_bound(),
                estimate.input_tokens_likely(),
                OrUnset(estimate.has_output_tokens_declared(), estimate.output_tokens_declared()),
                OrUnset(estimate.has_output_tokens_max(), estimate.output_tokens_max()));
}

absl::StatusOr<std::unique_ptr<LedgerRow>> ParseSettlement(const v1::SettleRequest& request,
                                                           int64_t settled_at_us) {
  auto parsed = std::make_unique<LedgerRow>();
  LedgerRow& row = *parsed;
  WEIR_ASSIGN_OR_RETURN(row.id, ParseKey(request.key()));
  if (request.seq() != 1 && request.seq() != 2) {
    return status::InvalidArgument("seq is {}, want 1 (the settlement) or 2 (its correction)",
                                   request.seq());
  }
  WEIR_RETURN_IF_ERROR(CheckSubjects(request.subjects()));
  WEIR_RETURN_IF_ERROR(CheckAmount("requests", request.requests()));
  WEIR_ASSIGN_OR_RETURN(row.usage, ParseUsage(request.usage()));
  const v1::Subjects& subjects = request.subjects();
  row.seq = request.seq();
  row.organization = subjects.organization();
  row.team = subjects.team();
  row.user = subjects.user();
  row.key_name = subjects.key_name();
  row.key_public_id = subjects.key_public_id();
  row.proxy = subjects.proxy();
  row.provider = subjects.provider();
  row.model = subjects.model();
  row.kind = request.kind();
  row.requests = request.requests();
  row.estimated = request.estimated();
  row.outcome = request.outcome();
  row.dispatched_at_us =
      request.dispatched_at().seconds() * 1'000'000 + request.dispatched_at().nanos() / 1000;
  row.settled_at_us = settled_at_us;
  if (request.has_cost_usd_nanos()) row.cost_usd_nanos = request.cost_usd_nanos();
  return parsed;
}

}  // namespace weir::quota

#include "edge/pipeline/cache_calls.h"

#include "common/time/proto_time.h"
#include "edge/caching/recorded_answer.h"

namespace weir::edge {
namespace {

// By meaning, too.
bool IsExactOnly(const Call& call) { return !call.cache.policy->semantic(); }

}  // namespace

cache::v1::LookupRequest LookupOf(const Call& call, bool exact_only) {
  cache::v1::LookupRequest request;
  *request.mutable_partition() = call.cache.partition;
  request.set_text(call.cache.identity.question);
  request.set_exact_only(exact_only || IsExactOnly(call));
  request.set_reader(ReaderOf(*call.principal));
  if (call.cache.control.max_age) {
    *request.mutable_max_age() = ToProto(*call.cache.control.max_age);
  }
  return request;
}

cache::v1::ConfirmRequest ConfirmOf(const Call& call, std::string entry_id) {
  cache::v1::ConfirmRequest request;
  *request.mutable_partition() = call.cache.partition;
  request.set_entry_id(std::move(entry_id));
  request.set_reader(ReaderOf(*call.principal));
  return request;
}

cache::v1::LeadRequest LeadOf(const Call& call) {
  cache::v1::LeadRequest request;
  *request.mutable_partition() = call.cache.partition;
  request.set_text(call.cache.identity.question);
  request.set_principal(ReaderOf(*call.principal));
  return request;
}

cache::v1::RecordRequest RecordOf(const Call& call, std::string body,
                                  const common::v1::Usage& usage) {
  cache::v1::RecordRequest request;
  *request.mutable_partition() = call.cache.partition;
  request.set_text(call.cache.identity.question);
  request.mutable_recording()->set_body(std::move(body));
  *request.mutable_recording()->mutable_usage() = usage;
  request.mutable_recording()->set_kind(std::string(RecordingKind(call.route.kind)));
  request.mutable_recording()->set_verbatim(call.guard.request.values.empty());
  request.set_author(ReaderOf(*call.principal));
  request.set_exact_only(IsExactOnly(call));
  return request;
}

}  // namespace weir::edge

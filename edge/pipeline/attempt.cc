#include "edge/pipeline/attempt.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text/ascii.h"
#include "edge/http/header_rules.h"
#include "edge/pipeline/answer_dialect.h"

namespace weir::edge {

using quota::v1::SettleRequest;

namespace {

google::protobuf::Timestamp ToTimestamp(int64_t micros) {
  google::protobuf::Timestamp time;
  time.set_seconds(micros / 1'000'000);
  time.set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
  return time;
}

// What goes up with a request beside what weir sets itself; everything else stays here.
constexpr std::string_view kForwarded[] = {"accept", "openai-beta", "traceparent", "tracestate"};

bool IsAnyOf(std::string_view name, const auto& list) {
  return std::any_of(std::begin(list), std::end(list),
                     [name](std::string_view each) { return text::EqualsIgnoreCase(name, each); });
}

// No model in use gives fewer completion tokens: a provider refuses a cap over the model's own,
// which nobody configured.
constexpr int64_t kTakenByAnyModel = 4096;

// `key_header` is the proxy's own place for credentials; may be empty.
bool IsForwarded(std::string_view name, const std::vector<std::string>& extra,
                 std::string_view key_header) {
  const bool listed = IsAnyOf(name, kForwarded) || IsAnyOf(name, extra);
  return listed && !text::EqualsIgnoreCase(name, key_header) && !IsNeverForwarded(name);
}

// Behind a provider's base_url.
std::string_view UpstreamPath(routing::v1::ApiKind kind) {
  switch (kind) {
    case routing::v1::API_KIND_EMBEDDINGS:
      return "/embeddings";
    case routing::v1::API_KIND_RESPONSES:
      return "/responses";
    default:
      return "/chat/completions";
  }
}

}  // namespace

std::string_view KindName(routing::v1::ApiKind kind) {
  switch (kind) {
    case routing::v1::API_KIND_CHAT:
      return "chat";
    case routing::v1::API_KIND_EMBEDDINGS:
      return "embeddings";
    case routing::v1::API_KIND_MODELS:
      return "models";
    case routing::v1::API_KIND_RESPONSES:
      return "responses";
    default:
      return "";
  }
}

void SetSubjects(const Call& call, const routing::v1::Attempt& planned,
                 quota::v1::Subjects& subjects) {
  const identity::v1::Principal& principal = *call.principal;
  subjects.set_organization(principal.organization());
  // Setting a string allocates, also an empty one.
  if (!principal.team().empty()) subjects.set_team(principal.team());
  if (!principal.user().empty()) subjects.set_user(principal.user());
  if (!principal.key_name().empty()) subjects.set_key_name(principal.key_name());
  if (!principal.key_public_id().empty()) subjects.set_key_public_id(principal.key_public_id());
  if (call.route.proxy != nullptr) subjects.set_proxy(call.route.proxy->name());
  subjects.set_provider(planned.provider());
  subjects.set_model(planned.model());
}

Attempt::Attempt(CallPtr call, const routing::v1::Attempt* planned, Hold hold,
                 Settlements& settlements, const Clock& clock)
    : call_(std::move(call)),
      planned_(planned),
      hold_(std::move(hold)),
      settlements_(settlements),
      clock_(clock) {}

Attempt::~Attempt() {
  if (!ended_) Release();
}

absl::Status Attempt::Intend() { return WriteIntent(call_->body.input_tokens_likely); }

absl::Status Attempt::CountUnsent(const common::v1::Usage& usage, SettleRequest::Outcome outcome) {
  WEIR_RETURN_IF_ERROR(WriteIntent(0));
  Settle(usage, false, outcome);
  return absl::OkStatus();
}

absl::Status Attempt::WriteIntent(int64_t input_tokens) {
  dispatched_us_ = ToUnixMicros(clock_.Now());
  // Key and subjects are lent: they are on their way to the settlement.
  edge::v1::OutboxRecord::Intent intent;
  intent.unsafe_arena_set_allocated_key(hold_.settlement->mutable_key());
  intent.unsafe_arena_set_allocated_subjects(hold_.settlement->mutable_subjects());
  intent.set_input_tokens_likely(input_tokens);
  intent.set_requests(hold_.settlement->requests());
  intent.set_kind(std::string(KindName(call_->route.kind)));
  intent.set_lease_id(hold_.settlement->lease_id());
  *intent.mutable_dispatched_at() = ToTimestamp(dispatched_us_);
  const absl::StatusOr<Outbox::Entry> entry = settlements_.Intend(intent);
  std::ignore = intent.unsafe_arena_release_key();
  std::ignore = intent.unsafe_arena_release_subjects();
  entry_ = entry.value_or(0);
  return entry.status();
}

bool Attempt::Grows() const {
  const openai::RequestBody& body = call_->body;
  return body.stream && !body.output_tokens_declared && hold_.output_tokens_cap &&
         hold_.output_tokens_headroom > *hold_.output_tokens_cap;
}

std::optional<int64_t> Attempt::UpstreamCap() const {
  // Embeddings have no completion to cap, and their API refuses the field.
  if (!hold_.output_tokens_cap || !HasCompletion(call_->route.kind)) return {};
  const int64_t choices = call_->body.choices;
  if (!Grows()) return std::max<int64_t>(1, *hold_.output_tokens_cap / choices);
  const int64_t all = std::max<int64_t>(1, hold_.output_tokens_headroom / choices);
  if (const int64_t most = call_->plan.output_tokens_max(); most > 0) return std::min(all, most);
  if (all <= kTakenByAnyModel) return all;
  return std::nullopt;
}

std::shared_ptr<StreamBudget> Attempt::NewBudget() const {
  if (!Grows()) return nullptr;
  const std::optional<int64_t> cap = UpstreamCap();
  const int64_t bound = cap ? *cap * call_->body.choices : StreamBudget::kEndless;
  if (bound <= *hold_.output_tokens_cap) return nullptr;
  return settlements_.NewBudget({.key = hold_.settlement->key(),
                                 .organization = call_->principal->organization(),
                                 .covered = *hold_.output_tokens_cap,
                                 .bound = bound});
}

std::string Attempt::RequestBody(const UpstreamTarget& target) const {
  const openai::RequestBody& body = call_->body;
  openai::Changes changes;
  changes.model = planned_->upstream_model();
  changes.output_cap = UpstreamCap();
  if (target.provider->output_cap_field() == routing::v1::OUTPUT_CAP_FIELD_MAX_COMPLETION_TOKENS) {
    changes.cap_field = "max_completion_tokens";
  }
  if (body.kind == routing::v1::API_KIND_RESPONSES) {
    // Usage comes unasked, with the last event.
    changes.cap_field = "max_output_tokens";
  } else {
    changes.ask_for_usage = body.stream && !target.provider->no_stream_usage();
  }
  return openai::Splice(call_->body_bytes, body, changes);
}

std::string Attempt::RequestHead(const UpstreamTarget& target, size_t body_size,
                                 const std::vector<std::string>& forward_headers) const {
  std::string head;
  head.reserve(512);
  head.append("POST ").append(target.pool->url().path);
  head.append(UpstreamPath(call_->route.kind));
  head.append(" HTTP/1.1\r\n").append(target.head_suffix);
  const std::string_view key_header =
      call_->route.proxy != nullptr ? call_->route.proxy->key_header() : std::string_view{};
  for (const auto& field : *call_->exchange->head.fields) {
    const std::string_view name(field.name_string().data(), field.name_string().size());
    if (!IsForwarded(name, forward_headers, key_header)) continue;
    head.append(name).append(": ").append(field.value().data(), field.value().size());
    head.append("\r\n");
  }
  head.append("content-type: application/json\r\ncontent-length: ")
      .append(fmt::format_int(body_size).c_str())
      .append("\r\nx-request-id: ")
      .append(call_->request_id)
      .append("\r\n\r\n");
  return head;
}

common::v1::Usage Attempt::Counted(int64_t output_tokens) const {
  common::v1::Usage usage;
  usage.set_input_uncached_tokens(call_->body.input_tokens_likely);
  usage.set_output_visible_tokens(output_tokens);
  return usage;
}

void Attempt::Settle(const common::v1::Usage& usage, bool estimated,
                     SettleRequest::Outcome outcome) {
  if (ended_) return;
  ended_ = true;
  call_->usage = usage;
  call_->usage_known = true;
  call_->usage_estimated = estimated;
  quota::v1::SettleRequest& settle = *hold_.settlement;
  settle.set_seq(1);
  *settle.mutable_usage() = usage;
  settle.set_estimated(estimated);
  settle.set_outcome(outcome);
  *settle.mutable_dispatched_at() = ToTimestamp(dispatched_us_);
  settle.set_kind(std::string(KindName(call_->route.kind)));
  settlements_.Post(entry_, std::move(hold_.settlement));
}

void Attempt::Release() {
  if (ended_) return;
  ended_ = true;
  quota::v1::ReleaseRequest release;
  release.mutable_key()->Swap(hold_.settlement->mutable_key());
  release.set_organization(call_->principal->organization());
  settlements_.Release(entry_, std::move(release));
}

}  // namespace weir::edge

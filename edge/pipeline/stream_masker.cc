#include "edge/pipeline/stream_masker.h"

#include <any>
#include <numeric>
#include <utility>

#include "edge/dialects/texts/text_edits.h"

namespace weir::edge {
namespace {

using guardrails::v1::InspectDeltaRequest;
using guardrails::v1::InspectDeltaResponse;
using texts::StreamRewriter;

// What the contract of the service says.
constexpr size_t kMostState = 4096;

}  // namespace

asio::awaitable<absl::StatusOr<std::string>> StreamMasker::Feed(api::CallContext context,
                                                                std::string events) {
  return Round(context, std::move(events), false);
}

asio::awaitable<absl::StatusOr<std::string>> StreamMasker::Finish(api::CallContext context) {
  return Round(context, "", true);
}

asio::awaitable<absl::StatusOr<std::string>> StreamMasker::Round(api::CallContext context,
                                                                 std::string events, bool is_end) {
  WEIR_CO_RETURN_IF_ERROR(rewriter_.Read(std::move(events), is_end));
  const absl::Status aside = co_await AskAside(context);
  if (!aside.ok()) co_return aside;
  for (StreamRewriter::Piece& each : rewriter_.pieces()) {
    if (each.is_aside) continue;
    const absl::Status asked = co_await Ask(context, &each);
    if (!asked.ok()) co_return asked;
  }
  co_return rewriter_.Write();
}

asio::awaitable<absl::Status> StreamMasker::AskAside(api::CallContext context) {
  texts::JsonTexts aside;
  std::vector<size_t> pieces;
  std::vector<size_t> parts;
  for (size_t i = 0; i < rewriter_.pieces().size(); ++i) {
    StreamRewriter::Piece& each = rewriter_.pieces()[i];
    if (!each.is_aside) continue;
    each.release = each.delta;
    parts.push_back(pieces.size());
    pieces.push_back(i);
    aside.texts.push_back({.path = each.path, .role = each.role, .text = each.delta});
  }
  if (pieces.empty()) co_return absl::OkStatus();
  guardrails::v1::InspectRequest question = Question(options_.policies, aside, parts);
  question.set_direction(guardrails::v1::DIRECTION_RESPONSE);
  question.mutable_numbers_taken()->insert(options_.numbers_taken.begin(),
                                           options_.numbers_taken.end());
  auto answer = co_await service_.Inspect(context, std::move(question));
  if (answer.ok()) co_return TakeAside(aside, pieces, *answer);
  unasked_ = options_.policies.fail_open;
  if (!unasked_) co_return GuardrailsAway();
  co_return absl::OkStatus();
}

absl::Status StreamMasker::TakeAside(const texts::JsonTexts& aside,
                                     const std::vector<size_t>& pieces,
                                     guardrails::v1::InspectResponse& answer) {
  if (answer.verdict() == guardrails::v1::VERDICT_UNSPECIFIED) return GuardrailsAway();
  Note(answer.findings());
  if (answer.verdict() == guardrails::v1::VERDICT_BLOCK) {
    return Blocked(answer.findings(), "answer");
  }
  std::vector<size_t> parts(pieces.size());
  std::iota(parts.begin(), parts.end(), 0);
  auto changes = texts::ChangedTexts(aside, parts, answer.edits());
  if (!changes.ok()) return GuardrailsAway();
  for (texts::TextChange& each : *changes) {
    rewriter_.pieces()[pieces[each.text]].release = std::move(each.changed);
  }
  return absl::OkStatus();
}

void StreamMasker::Note(
    const google::protobuf::RepeatedPtrField<guardrails::v1::Finding>& findings) {
  for (const guardrails::v1::Finding& each : findings) {
    if (findings_.size() < kMostFindings) findings_.push_back(each);
  }
}

asio::awaitable<absl::Status> StreamMasker::Ask(api::CallContext context,
                                                StreamRewriter::Piece* piece) {
  if (piece->is_first) piece->state() = TextState{};
  auto& text = std::any_cast<TextState&>(piece->state());
  if (unasked_ && !text.was_asked) {
    // Nobody waits again for each piece.
    piece->release = piece->delta;
    co_return absl::OkStatus();
  }
  auto answer = co_await service_.InspectDelta(context, DeltaQuestion(*piece, text));
  if (answer.ok()) co_return Take(*answer, text, *piece);
  // The service may hold back what came before: that would be lost, or out of order.
  if (!options_.policies.fail_open || text.was_asked) co_return GuardrailsAway();
  unasked_ = true;
  piece->release = piece->delta;
  co_return absl::OkStatus();
}

InspectDeltaRequest StreamMasker::DeltaQuestion(const StreamRewriter::Piece& piece,
                                                const TextState& text) const {
  InspectDeltaRequest question;
  question.set_organization(options_.policies.organization);
  for (const std::string& each : options_.policies.names) question.add_policies(each);
  question.set_state(text.state);
  question.set_path(piece.path);
  question.set_delta(piece.delta);
  question.set_last(piece.is_last);
  question.set_role(std::string(piece.role));
  question.mutable_numbers_taken()->insert(options_.numbers_taken.begin(),
                                           options_.numbers_taken.end());
  return question;
}

absl::Status StreamMasker::Take(InspectDeltaResponse& answer, TextState& text,
                                StreamRewriter::Piece& piece) {
  Note(answer.findings());
  switch (answer.verdict()) {
    case guardrails::v1::VERDICT_BLOCK:
      return Blocked(answer.findings(), "answer");
    case guardrails::v1::VERDICT_ALLOW:
    case guardrails::v1::VERDICT_EDIT:
      break;
    default:
      return GuardrailsAway();
  }
  if (answer.state().size() > kMostState) return GuardrailsAway();
  text.was_asked = true;
  text.state = std::move(*answer.mutable_state());
  piece.release = std::move(*answer.mutable_release());
  return absl::OkStatus();
}

}  // namespace weir::edge

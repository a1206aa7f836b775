#include "edge/pipeline/answer_dialect.h"

#include <string>

#include "edge/dialects/openai/answer_text.h"
#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/openai/stream_tee.h"
#include "edge/dialects/responses/answer.h"
#include "edge/dialects/responses/stream_tee.h"

namespace weir::edge {

using routing::v1::ApiKind;

std::unique_ptr<EventTee> NewEventTee(ApiKind kind, bool strip_usage) {
  if (kind == routing::v1::API_KIND_RESPONSES) return std::make_unique<responses::StreamTee>();
  return std::make_unique<openai::StreamTee>(
      openai::StreamTee::Options{.strip_usage = strip_usage});
}

std::optional<common::v1::Usage> UsageOf(ApiKind kind, std::string_view json) {
  return kind == routing::v1::API_KIND_RESPONSES ? responses::ReadUsage(json)
                                                 : openai::ReadUsage(json);
}

std::optional<common::v1::Usage> UsageOfTail(ApiKind kind, std::string_view tail) {
  if (kind == routing::v1::API_KIND_RESPONSES) return responses::ReadUsageOfTail(tail);
  // The usage object is the last member of these answers; a broken one has none.
  const size_t at = tail.rfind("\"usage\"");
  if (at == std::string_view::npos) return std::nullopt;
  return openai::ReadUsage("{" + std::string(tail.substr(at)));
}

int64_t CountAnswerTokens(ApiKind kind, std::string_view json) {
  return kind == routing::v1::API_KIND_RESPONSES ? responses::CountAnswerTokens(json)
                                                 : openai::CountAnswerTokens(json);
}

bool HasCompletion(ApiKind kind) {
  return kind == routing::v1::API_KIND_CHAT || kind == routing::v1::API_KIND_RESPONSES;
}

}  // namespace weir::edge

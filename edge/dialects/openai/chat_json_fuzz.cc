// Any bytes are a request body, or refused: what is accepted can be spliced, and what comes out is
// a body that says what the changes say.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/dialects/openai/request_body.h"
#include "edge/testing/padded.h"

namespace weir::edge::openai {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(RequestReader& reader, routing::v1::ApiKind kind, std::string_view json) {
  const testing::Padded body(json);
  const auto read = reader.Read(kind, body.view());
  if (!read.ok()) return;
  Require(Splice(body.view(), *read, {}) == json);
  const bool chat = kind == routing::v1::API_KIND_CHAT;
  const bool completes = kind != routing::v1::API_KIND_EMBEDDINGS;
  Changes changes{.model = "up\"stream"};
  if (completes) changes.output_cap = 77;
  if (!chat) changes.cap_field = "max_output_tokens";
  changes.ask_for_usage = chat;
  const testing::Padded spliced(Splice(body.view(), *read, changes));
  const auto again = reader.Read(kind, spliced.view());
  Require(again.ok());
  Require(again->model == changes.model);
  Require(again->stream == read->stream);
  Require(again->choices == read->choices);
  Require(again->input_tokens_bound == read->input_tokens_bound);
  Require(again->input_tokens_likely == read->input_tokens_likely);
  if (!completes) return;
  Require(again->output_tokens_declared == 77 * read->choices);
  Require(again->usage_asked == chat);
  // Splicing what is spliced already changes nothing.
  Require(Splice(spliced.view(), *again, changes) == spliced.view());
}

}  // namespace
}  // namespace weir::edge::openai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto& reader = *new weir::edge::openai::RequestReader();
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  weir::edge::openai::Check(reader, weir::routing::v1::API_KIND_CHAT, json);
  weir::edge::openai::Check(reader, weir::routing::v1::API_KIND_EMBEDDINGS, json);
  weir::edge::openai::Check(reader, weir::routing::v1::API_KIND_RESPONSES, json);
  return 0;
}

#pragma once

#include "edge/dialects/openai/member_reader.h"

namespace weir::edge::openai {

// The members of a request of the Responses API.
//
// What the provider keeps and adds by itself (an earlier response, a conversation, a stored prompt,
// files by their id) is not in the measures of the prompt: only what it reports afterwards has it.
class ResponsesMembers final : public MemberReader {
 public:
  ResponsesMembers(RequestBody& body, TextWalk& walk) : MemberReader(body, walk) {}

  absl::Status Read(std::string_view key, simdjson::dom::element value, Span at,
                    std::string_view original) override;

 private:
  absl::Status CheckWhole() override;
  absl::Status Input(simdjson::dom::element value);
  absl::Status Instructions(simdjson::dom::element value);
  absl::Status Background(simdjson::dom::element value);

  bool input_seen_ = false;  // With something in it.
  bool kept_seen_ = false;   // A prompt that the provider keeps.
};

}  // namespace weir::edge::openai

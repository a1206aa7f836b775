#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::edge {

// A chat's answer as it is recorded: one choice that ended by itself and calls no tool. Borrows its
// texts from the document that it was read of.
struct ChatAnswer {
  std::string_view id;
  int64_t created = 0;
  std::string_view model;
  std::optional<std::string_view> service_tier;
  std::optional<std::string_view> system_fingerprint;
  std::optional<std::string_view> content;
  std::optional<std::string_view> refusal;
  // What models say before they answer: two names for it are in use.
  std::optional<std::string_view> reasoning_content;
  std::optional<std::string_view> reasoning;
  std::string usage;  // The JSON object without white space; empty: none.
};

// Of a chat.completion object. Nothing where it is not to be given a second time: it ended for
// another reason than "stop", has tool calls, audio, logprobs, annotations, citations, or any other
// part that a stream of it would not have; it says nothing; it is no such object.
std::optional<ChatAnswer> ReadChatAnswer(simdjson::dom::element root);

// The chat.completion object, members in one order: equal answers have equal bytes.
std::string WriteChatAnswer(const ChatAnswer& answer);

// Appends `"model":...,"service_tier":...,"system_fingerprint":...`, as far as there is any.
void AppendOrigin(const ChatAnswer& answer, std::string& out);

// null, false, "", [] or {}: a member that says nothing.
bool SaysNothing(simdjson::dom::element value);

}  // namespace weir::edge

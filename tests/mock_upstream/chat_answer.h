#pragma once

#include "tests/mock_upstream/answer.h"
#include "tests/mock_upstream/api_request.h"
#include "tests/mock_upstream/fixed_answer.h"

namespace weir::mock {

// One reply of the model, before it is put into JSON or into frames.
struct ChatReply {
  std::string id;
  int64_t created = 0;
  std::string model;
  std::string text;           // Empty when a tool is called.
  std::string tool;           // Name of the tool that is called; empty: none is.
  std::string finish_reason;  // "stop", "length" or "tool_calls".
  Usage usage;                // True counts; overrides come later.
};

// What the model says to `request`.
ChatReply ReplyTo(const ChatRequest& request, const Behaviour& behaviour, const FixedAnswer& fixed);

// The canned reply, which does not depend on the request.
ChatReply FixedReply(const Behaviour& behaviour, const FixedAnswer& fixed);

// A chat.completion object.
AnswerPtr JsonChatAnswer(const ChatReply& reply, const Behaviour& behaviour);

// Server-sent events, as OpenAI sends them.
AnswerPtr StreamChatAnswer(const ChatReply& reply, const Behaviour& behaviour, bool include_usage);

}  // namespace weir::mock

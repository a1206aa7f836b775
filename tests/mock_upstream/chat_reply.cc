#include "tests/mock_upstream/chat_answer.h"
#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

constexpr int64_t kPromptTokens = 10;

ChatReply EmptyReply(const FixedAnswer& fixed) {
  return {.id = fixed.id, .created = fixed.created, .model = fixed.model, .finish_reason = "stop"};
}

bool CallsTool(const ChatRequest& request, const Behaviour& behaviour) {
  if (request.tool.empty()) return false;
  return request.tool_forced || (behaviour.tools && request.tool_allowed);
}

// Text made of words: each is a token, and the client's limit holds.
ChatReply GeneratedReply(const ChatRequest& request, const Behaviour& behaviour,
                         const FixedAnswer& fixed) {
  ChatReply reply = EmptyReply(fixed);
  const bool echo = behaviour.mode == Mode::kEcho;
  reply.text = echo ? request.LastUserText() : NumberedWords(behaviour.words);
  if (echo) reply.model = request.model;
  const int64_t words = CountWords(reply.text);
  const int64_t limit = request.max_tokens.value_or(words);
  if (limit < words) {
    reply.text = FirstWords(reply.text, limit);
    reply.finish_reason = "length";
  }
  reply.usage = {echo ? request.PromptWords() : kPromptTokens, std::min(limit, words)};
  return reply;
}

}  // namespace

ChatReply FixedReply(const Behaviour& behaviour, const FixedAnswer& fixed) {
  ChatReply reply = EmptyReply(fixed);
  reply.text = fixed.text;
  reply.usage = fixed.usage;
  reply.usage.prompt = behaviour.prompt_tokens.value_or(reply.usage.prompt);
  return reply;
}

ChatReply ReplyTo(const ChatRequest& request, const Behaviour& behaviour,
                  const FixedAnswer& fixed) {
  ChatReply reply = behaviour.mode == Mode::kFixed ? FixedReply(behaviour, fixed)
                                                   : GeneratedReply(request, behaviour, fixed);
  reply.usage.prompt = behaviour.prompt_tokens.value_or(reply.usage.prompt);
  if (CallsTool(request, behaviour)) {
    reply.tool = request.tool;
    reply.text.clear();
    reply.finish_reason = "tool_calls";
    if (behaviour.mode != Mode::kFixed) reply.usage.completion = 1;  // The arguments are one word.
  }
  return reply;
}

}  // namespace weir::mock

#pragma once

#include "tests/mock_upstream/chat_answer.h"

namespace weir::mock {

// A Response object, as the Responses API answers in one piece.
AnswerPtr JsonResponsesAnswer(const ChatReply& reply, const Behaviour& behaviour);

// The same as typed events, numbered from 0; the last one has the usage.
AnswerPtr StreamResponsesAnswer(const ChatReply& reply, const Behaviour& behaviour);

}  // namespace weir::mock

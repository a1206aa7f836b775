#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "tests/mock_upstream/api_request.h"
#include "tests/mock_upstream/behaviours.h"
#include "tests/mock_upstream/request_parser.h"

namespace weir::mock {

// The provider's mind: which answer a request gets. Does no I/O. Thread-safe, as long as each
// thread brings its own parser.
class Provider {
 public:
  // `api_key` empty: any caller is welcome. `behaviours` must outlive this object.
  Provider(std::string api_key, Behaviours& behaviours);

  struct Reply {
    AnswerPtr answer;        // Never null.
    BehaviourPtr behaviour;  // Null: none applies, answer at once.
    std::string model;       // Of the request; empty where it has none.
  };
  // Answers the request that `request` has found at the start of `buffered`.
  Reply Respond(const RequestParser& request, std::string_view buffered,
                simdjson::dom::parser& json) const;

 private:
  AnswerPtr Refusal(const RequestParser& request) const;
  Reply Chat(std::string_view body, unsigned version, simdjson::dom::parser& json) const;
  Reply Responses(std::string_view body, unsigned version, simdjson::dom::parser& json) const;
  Reply Embeddings(std::string_view body, simdjson::dom::parser& json) const;
  AnswerPtr ChatAnswer(const ChatRequest& chat, const ActiveBehaviour& active) const;

  const std::string authorization_;  // The header's whole value; empty: not asked for.
  Behaviours& behaviours_;
};

}  // namespace weir::mock

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "tests/mock_upstream/answer.h"
#include "tests/mock_upstream/behaviour.h"
#include "tests/mock_upstream/fixed_answer.h"

namespace weir::mock {

// A behaviour with those of its answers that depend on no request, rendered once.
struct ActiveBehaviour {
  ActiveBehaviour(Behaviour behaviour, const FixedAnswer& fixed);

  const Behaviour behaviour;
  AnswerPtr error;       // Set when the behaviour is to answer with an error.
  AnswerPtr fixed_json;  // These three: set in fixed mode.
  AnswerPtr fixed_stream, fixed_stream_with_usage;
};
using BehaviourPtr = std::shared_ptr<const ActiveBehaviour>;

// Which behaviour the next request meets. Thread-safe.
//
// A behaviour with `times` waits in line before the lasting ones: POSTing "500, once" and then
// "429, once" makes the next request fail with 500, the one after it with 429, and later ones meet
// the lasting behaviour. One for a model goes before one for all.
class Behaviours {
 public:
  explicit Behaviours(FixedAnswer fixed);

  // kResourceExhausted: 1,000 behaviours with `times` are waiting already.
  absl::Status Set(Behaviour behaviour);
  void Reset();
  // The behaviour for a request for `model`; uses up one of its `times`.
  BehaviourPtr Take(std::string_view model);

  const FixedAnswer& fixed() const { return fixed_; }

 private:
  struct Timed {
    int64_t left;
    BehaviourPtr behaviour;
  };
  struct Lane {
    std::deque<Timed> timed;
    BehaviourPtr lasting;
  };
  static BehaviourPtr TakeTimed(Lane* lane);

  const FixedAnswer fixed_;
  const BehaviourPtr healthy_;
  std::mutex mutex_;
  Lane all_;  // These three under mutex_.
  std::map<std::string, Lane, std::less<>> by_model_;
  size_t waiting_ = 0;
};

}  // namespace weir::mock

#pragma once

#include <functional>
#include <memory>

#include "common/api/guardrails.h"

namespace weir::guardrails {

// How a test asks a guardrails service: the core itself, or the core behind a server and a pipe.
// The same test files are linked with either.
class GuardrailsFace {
 public:
  virtual ~GuardrailsFace() = default;
  virtual api::Guardrails& guardrails() = 0;
  // Where the coroutines of the test run.
  virtual asio::io_context& io() = 0;
  // Runs them until `done`, for 10 s at most.
  virtual void RunUntil(const std::function<bool()>& done) = 0;
  // Ends its threads, before the core goes. Its loops stay: others may be answering on them.
  virtual void Stop() = 0;
};

// `core` outlives it.
std::unique_ptr<GuardrailsFace> MakeGuardrailsFace(api::Guardrails& core);

}  // namespace weir::guardrails

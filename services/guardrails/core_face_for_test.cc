// The core itself.
#include <chrono>

#include "services/guardrails/guardrails_face.h"

namespace weir::guardrails {
namespace {

class CoreFace final : public GuardrailsFace {
 public:
  explicit CoreFace(api::Guardrails& core) : core_(core) {}
  api::Guardrails& guardrails() override { return core_; }
  asio::io_context& io() override { return io_; }
  void RunUntil(const std::function<bool()>& done) override {
    auto guard = asio::make_work_guard(io_);
    io_.restart();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < end) {
      io_.run_one_for(std::chrono::milliseconds(100));
    }
  }
  void Stop() override {}

 private:
  api::Guardrails& core_;
  asio::io_context io_;
};

}  // namespace

std::unique_ptr<GuardrailsFace> MakeGuardrailsFace(api::Guardrails& core) {
  return std::make_unique<CoreFace>(core);
}

}  // namespace weir::guardrails

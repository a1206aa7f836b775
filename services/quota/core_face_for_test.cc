// The core itself.
#include <chrono>

#include "services/quota/quota_face.h"

namespace weir::quota {
namespace {

class CoreFace final : public QuotaFace {
 public:
  explicit CoreFace(api::Quota& core) : core_(core) {}
  api::Quota& quota() override { return core_; }
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
  api::Quota& core_;
  asio::io_context io_;
};

}  // namespace

std::unique_ptr<QuotaFace> MakeQuotaFace(api::Quota& core) {
  return std::make_unique<CoreFace>(core);
}

}  // namespace weir::quota

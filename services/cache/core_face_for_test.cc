// The core itself.
#include <chrono>

#include "services/cache/cache_face.h"

namespace weir::cache {
namespace {

class CoreFace final : public CacheFace {
 public:
  explicit CoreFace(api::Cache& core) : core_(core) {}
  api::Cache& cache() override { return core_; }
  asio::io_context& io() override { return io_; }
  const Clock& clock() override { return clock_; }
  void RunUntil(const std::function<bool()>& done) override {
    auto guard = asio::make_work_guard(io_);
    io_.restart();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < end) {
      io_.run_one_for(std::chrono::milliseconds(100));
    }
  }

 private:
  api::Cache& core_;
  const SystemClock clock_;
  asio::io_context io_;
};

}  // namespace

std::unique_ptr<CacheFace> MakeCacheFace(api::Cache& core) {
  return std::make_unique<CoreFace>(core);
}

}  // namespace weir::cache

#include "services/quota/redis_windows.h"

#include <gtest/gtest.h>

#include "common/testing/redis_server.h"
#include "services/quota/redis_windows_for_test.h"
#include "services/quota/windows_contract.h"

namespace weir::quota {
namespace {

struct RedisHarness {
  Windows& windows() { return store.windows; }
  void Advance(Duration step) { clock.Advance(step); }
  void SetWallBack(Duration step) { clock.SetWall(clock.Now() - step); }

  testing::FakeClock clock;
  RedisWindowsForTest store{clock};
};
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, WindowsContract, RedisHarness);

}  // namespace
}  // namespace weir::quota

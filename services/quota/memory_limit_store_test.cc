#include "services/quota/memory_limit_store.h"

#include <gtest/gtest.h>

#include "services/quota/limit_store_contract.h"

namespace weir::quota {
namespace {

struct MemoryHarness {
  LimitStore& store() { return memory; }
  MemoryLimitStore memory;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LimitStoreContract, MemoryHarness);

}  // namespace
}  // namespace weir::quota

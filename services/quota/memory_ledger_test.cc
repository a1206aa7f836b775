#include "services/quota/memory_ledger.h"

#include <gtest/gtest.h>

#include "services/quota/ledger_contract.h"

namespace weir::quota {
namespace {

struct MemoryHarness {
  Ledger& ledger() { return memory; }
  MemoryLedger memory;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LedgerContract, MemoryHarness);

TEST(MemoryLedgerTest, TheOldestRowsGoAsItGrows) {
  MemoryLedger ledger(10);
  for (uint32_t i = 0; i < 25; ++i) {
    LedgerRow row;
    row.id = IdOf(i);
    ASSERT_THAT(ledger.Append(std::vector{row}), IsOk());
  }
  EXPECT_EQ(ledger.Rows().size(), 10u);
  EXPECT_EQ(ledger.Rows().front().id, IdOf(15));
}

}  // namespace
}  // namespace weir::quota

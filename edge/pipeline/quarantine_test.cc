#include "edge/pipeline/quarantine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/api/quota.h"
#include "common/testing/new_folder.h"
#include "common/testing/scoped_log.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using weir::testing::NewFolder;

TEST(QuarantineTest, IsBounded) {
  ::weir::testing::ScopedLog log;
  metrics::Registry registry;
  const std::string folder = NewFolder();
  Quarantine quarantine(folder, registry, /*max_bytes=*/500);
  quota::v1::SettleRequest settlement;
  settlement.mutable_key()->set_request_id(std::string(100, 'r'));
  for (int i = 0; i < 10; ++i) quarantine.Put(settlement, "no");
  EXPECT_LE(std::filesystem::file_size(folder + "/refused.jsonl"), 500U);
  EXPECT_GE(std::filesystem::file_size(folder + "/refused.jsonl"), 200U);
  EXPECT_THAT(log.WithEvent("edge.settle.refused"), SizeIs(10));
  EXPECT_THAT(log.WithEvent("edge.settle.refused").back(), HasSubstr("full"));
}

TEST(QuarantineTest, WhatMayPassLaterIsNotRefusedForGood) {
  EXPECT_TRUE(api::IsRefusedForGood(status::InvalidArgument("x")));
  EXPECT_FALSE(api::IsRefusedForGood(status::Unavailable("x")));
  EXPECT_FALSE(api::IsRefusedForGood(status::ResourceExhausted("x")));
  EXPECT_FALSE(api::IsRefusedForGood(status::Internal("x")));
  EXPECT_FALSE(api::IsRefusedForGood(absl::OkStatus()));
}

}  // namespace
}  // namespace weir::edge

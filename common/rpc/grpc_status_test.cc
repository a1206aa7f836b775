#include "common/rpc/grpc_status.h"

#include <gmock/gmock.h>

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::rpc {
namespace {

using ::testing::EndsWith;
using weir::common::v1::BadFields;
using weir::common::v1::RetryLater;

TEST(GrpcStatusTest, EveryCodeKeepsItsNumber) {
  for (int code = 0; code <= 16; ++code) {
    const grpc::Status out = ToGrpc(status::Make(static_cast<absl::StatusCode>(code), "m"));
    EXPECT_EQ(out.error_code(), code);
    EXPECT_EQ(static_cast<int>(FromGrpc(out).code()), code);
  }
}

TEST(GrpcStatusTest, DetailsSurviveTheWayThereAndBack) {
  BadFields fields;
  fields.add_fields()->set_path("limit.count");
  RetryLater later;
  later.mutable_retry_after()->set_seconds(3);
  absl::Status status = status::InvalidArgument("limit.count is -1");
  status = status::WithDetail(status::WithDetail(status, fields), later);

  const absl::Status back = FromGrpc(ToGrpc(status));
  EXPECT_EQ(back, status);
  EXPECT_EQ(status::Detail<RetryLater>(back)->retry_after().seconds(), 3);
}

TEST(GrpcStatusTest, WhatLeavesIsBounded) {
  BadFields large;
  large.add_fields()->set_problem(std::string(5000, 'x'));
  // Two-byte characters from an odd offset: the cut falls into one of them.
  std::string message = "x";
  for (int i = 0; i < 2000; ++i) message += "é";

  const grpc::Status out =
      ToGrpc(status::WithDetail(status::InvalidArgument("{}", message), large));
  EXPECT_EQ(out.error_details(), "");
  EXPECT_LE(out.error_message().size(), 1539u);
  EXPECT_THAT(out.error_message(), EndsWith("é..."));
}

TEST(GrpcStatusTest, MalformedDetailsAreLeftOut) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff not a status"));
  EXPECT_EQ(status, status::NotFound("gone"));
}

}  // namespace
}  // namespace weir::rpc

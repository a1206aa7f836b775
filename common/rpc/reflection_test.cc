#include "common/rpc/reflection.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>

#include "common/testing/status_matchers.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::rpc {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using ::testing::Contains;
using ::testing::ElementsAre;

ServerReflectionResponse Ask(const ServerReflectionRequest& request) {
  const Reflection reflection({"weir.quota.v1.QuotaAdminService"});
  ServerReflectionResponse response;
  EXPECT_TRUE(response.ParseFromString(reflection.Answer(request.SerializeAsString()).value()));
  return response;
}

std::vector<std::string> FileNames(const ServerReflectionResponse& response) {
  std::vector<std::string> names;
  for (const std::string& each : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(file.ParseFromString(each));
    names.push_back(file.name());
  }
  return names;
}

TEST(ReflectionTest, ListsServicesWithItsOwn) {
  ServerReflectionRequest request;
  request.set_list_services("");
  const ServerReflectionResponse response = Ask(request);
  std::vector<std::string> names;
  for (const auto& each : response.list_services_response().service()) {
    names.push_back(each.name());
  }
  EXPECT_THAT(names, ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                 "grpc.reflection.v1alpha.ServerReflection",
                                 "weir.quota.v1.QuotaAdminService"));
}

TEST(ReflectionTest, AFileComesFirstAndBringsItsImportsOnce) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("weir.quota.v1.QuotaAdminService.PutLimit");
  const std::vector<std::string> names = FileNames(Ask(request));
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names[0], "weir/quota/v1/quota_admin.proto");
  EXPECT_THAT(names, Contains("google/protobuf/duration.proto").Times(1));
  EXPECT_THAT(names, Contains("weir/common/v1/access.proto").Times(1));
}

TEST(ReflectionTest, FindsFilesByNameAndByExtension) {
  ServerReflectionRequest by_name;
  by_name.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_THAT(FileNames(Ask(by_name)), ElementsAre("grpc/health/v1/health.proto"));

  ServerReflectionRequest by_extension;
  by_extension.mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.MethodOptions");
  by_extension.mutable_file_containing_extension()->set_extension_number(51001);
  EXPECT_THAT(FileNames(Ask(by_extension)), Contains("weir/common/v1/access.proto"));

  ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  EXPECT_THAT(Ask(numbers).all_extension_numbers_response().extension_number(), Contains(51001));
}

TEST(ReflectionTest, WhatIsNotThereIsAnAnswer) {
  ServerReflectionRequest request;
  request.set_host("weir");
  request.set_file_containing_symbol("nope.Nope");
  const ServerReflectionResponse response = Ask(request);
  EXPECT_EQ(response.error_response().error_code(), 5);
  EXPECT_EQ(response.valid_host(), "weir");
  EXPECT_EQ(response.original_request().file_containing_symbol(), "nope.Nope");
}

TEST(ReflectionTest, RefusesMalformedRequests) {
  EXPECT_THAT(Reflection({}).Answer("\xff\xff"),
              weir::testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ReflectionTest, ServesBothNames) {
  EXPECT_TRUE(Reflection::Serves("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
  EXPECT_TRUE(Reflection::Serves("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"));
  EXPECT_FALSE(Reflection::Serves("/grpc.reflection.v1.ServerReflection/Other"));
}

}  // namespace
}  // namespace weir::rpc

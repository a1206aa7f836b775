#include "edge/admin/door_config.h"

#include <gmock/gmock.h>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

TEST(DoorConfigTest, TheDefaultIsOnThisMachine) {
  const DoorConfig config;
  EXPECT_THAT(config.Validate(), IsOk());
  EXPECT_THAT(config.Rules(8090).hosts, Contains("localhost:8090"));
  EXPECT_THAT(config.Rules(8090).hosts, Contains("127.0.0.1:8090"));
}

TEST(DoorConfigTest, AskedNamesReplaceTheDefault) {
  DoorConfig config;
  config.listener.host = "0.0.0.0";
  config.hosts = {"Admin.example.com", "127.0.0.1:8090"};
  config.origins = {"https://Console.example.com:8443"};
  EXPECT_THAT(config.Validate(), IsOk());
  EXPECT_THAT(config.Rules(1).hosts, ElementsAre("admin.example.com", "127.0.0.1:8090"));
  EXPECT_THAT(config.Rules(1).origins, ElementsAre("https://console.example.com:8443"));
}

TEST(DoorConfigTest, SaysEveryFault) {
  DoorConfig config;
  config.listener.host = "0.0.0.0";
  config.listener.tls = {.enabled = true, .certificate_file = "c.pem"};
  config.origins = {"console.example.com", "https://console.example.com/"};
  EXPECT_THAT(
      config.Validate(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "door.origins[0] is 'console.example.com', want http://HOST or https://HOST, with a "
               "port or without; "
               "door.origins[1] is 'https://console.example.com/', want http://HOST or "
               "https://HOST, with a port or without; "
               "door.hosts is empty, want the names that it is called by, as door.address 0.0.0.0 "
               "is beyond this machine; "
               "door.tls.key is missing, but door.tls.certificate is set"));
  config.hosts = {"https://admin.example.com"};
  EXPECT_THAT(config.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::HasSubstr("door.hosts[0] is 'https://admin.example.com', want "
                                            "HOST or HOST:PORT")));
}

}  // namespace
}  // namespace weir::edge

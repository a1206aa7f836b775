#include "common/rpc/address.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::rpc {
namespace {

struct AddressCase {
  std::string name;
  std::string address;
  bool plain;  // Allowed without TLS.
  bool tls;    // Allowed with it.
};
class AdminAddressTest : public ::testing::TestWithParam<AddressCase> {};

TEST_P(AdminAddressTest, SaysWhatMayBeUsed) {
  EXPECT_EQ(CheckAddress(GetParam().address, false).ok(), GetParam().plain);
  EXPECT_EQ(CheckAddress(GetParam().address, true).ok(), GetParam().tls);
}
INSTANTIATE_TEST_SUITE_P(
    Table, AdminAddressTest,
    ::testing::ValuesIn<AddressCase>({
        {.name = "Loopback", .address = "127.0.0.1:9091", .plain = true, .tls = true},
        {.name = "OtherLoopback", .address = "127.8.4.1:0", .plain = true, .tls = true},
        {.name = "Localhost", .address = "localhost:9091", .plain = true, .tls = true},
        {.name = "LoopbackV6", .address = "[::1]:9091", .plain = true, .tls = true},
        {.name = "UnixSocket", .address = "unix:/run/weir.sock", .plain = true, .tls = true},
        {.name = "Everywhere", .address = "0.0.0.0:9091", .plain = false, .tls = true},
        {.name = "EverywhereV6", .address = "[::]:9091", .plain = false, .tls = true},
        {.name = "Name", .address = "weir.internal:9091", .plain = false, .tls = true},
        {.name = "NameLikeLoopback", .address = "127.0.0.1.example:1", .plain = false, .tls = true},
        {.name = "NoPort", .address = "127.0.0.1", .plain = false, .tls = false},
        {.name = "NoHost", .address = ":9091", .plain = false, .tls = false},
        {.name = "PortTooLarge", .address = "127.0.0.1:65536", .plain = false, .tls = false},
        {.name = "BareV6", .address = "::1:9091", .plain = false, .tls = false},
        {.name = "Empty", .address = "", .plain = false, .tls = false},
        {.name = "EmptyUnixPath", .address = "unix:", .plain = false, .tls = false},
    }),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weir::rpc

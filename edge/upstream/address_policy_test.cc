#include "edge/upstream/address_policy.h"

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

AddressSet Set(const std::vector<std::string>& entries) {
  auto set = AddressSet::Parse(entries);
  EXPECT_THAT(set, IsOk());
  return set.ok() ? *set : AddressSet{};
}

enum class Verdict { kCalled, kOnlyWhereAllowed, kNever };

struct AddressCase {
  std::string_view name;
  const char* address;
  Verdict verdict;
};
class AddressPolicyTest : public ::testing::TestWithParam<AddressCase> {};

TEST_P(AddressPolicyTest, IsJudged) {
  const auto address = asio::ip::make_address(GetParam().address);
  const AddressPolicy strict(Set({}));
  const AddressPolicy open(Set({"0.0.0.0/0", "::/0"}));
  switch (GetParam().verdict) {
    case Verdict::kCalled:
      EXPECT_THAT(strict.Check(address), IsOk());
      EXPECT_THAT(open.Check(address), IsOk());
      break;
    case Verdict::kOnlyWhereAllowed:
      EXPECT_THAT(strict.Check(address),
                  StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("egress.allow")));
      EXPECT_THAT(open.Check(address), IsOk());
      break;
    case Verdict::kNever:
      EXPECT_THAT(strict.Check(address), StatusIs(absl::StatusCode::kPermissionDenied));
      EXPECT_THAT(open.Check(address), StatusIs(absl::StatusCode::kPermissionDenied));
      break;
  }
}
INSTANTIATE_TEST_SUITE_P(Addresses, AddressPolicyTest,
                         ::testing::ValuesIn<AddressCase>({
                             {"Public", "93.184.216.34", Verdict::kCalled},
                             {"PublicV6", "2606:2800:220:1::1", Verdict::kCalled},
                             {"PublicMapped", "::ffff:93.184.216.34", Verdict::kCalled},
                             {"Loopback", "127.0.0.1", Verdict::kOnlyWhereAllowed},
                             {"LoopbackEnd", "127.255.255.254", Verdict::kOnlyWhereAllowed},
                             {"LoopbackV6", "::1", Verdict::kOnlyWhereAllowed},
                             {"LoopbackMapped", "::ffff:127.0.0.1", Verdict::kOnlyWhereAllowed},
                             {"LoopbackCompatible", "::127.0.0.1", Verdict::kOnlyWhereAllowed},
                             {"Ten", "10.0.0.1", Verdict::kOnlyWhereAllowed},
                             {"Ten255", "10.255.255.255", Verdict::kOnlyWhereAllowed},
                             {"BeforeTen", "9.255.255.255", Verdict::kCalled},
                             {"BehindTen", "11.0.0.0", Verdict::kCalled},
                             {"OneSevenTwo", "172.16.0.1", Verdict::kOnlyWhereAllowed},
                             {"OneSevenTwoEnd", "172.31.255.255", Verdict::kOnlyWhereAllowed},
                             {"OneSevenTwoBehind", "172.32.0.0", Verdict::kCalled},
                             {"OneNineTwo", "192.168.1.1", Verdict::kOnlyWhereAllowed},
                             {"CarrierNat", "100.64.0.1", Verdict::kOnlyWhereAllowed},
                             {"CarrierNatEnd", "100.127.255.255", Verdict::kOnlyWhereAllowed},
                             {"Benchmark", "198.18.0.1", Verdict::kOnlyWhereAllowed},
                             {"ProtocolAssignments", "192.0.0.8", Verdict::kOnlyWhereAllowed},
                             {"UniqueLocal", "fd12:3456::1", Verdict::kOnlyWhereAllowed},
                             {"UniqueLocalFc", "fc00::1", Verdict::kOnlyWhereAllowed},
                             {"SiteLocal", "fec0::1", Verdict::kOnlyWhereAllowed},
                             {"PrivateMapped", "::ffff:10.1.2.3", Verdict::kOnlyWhereAllowed},
                             {"PrivateByNat64", "64:ff9b::a01:203", Verdict::kOnlyWhereAllowed},
                             {"PrivateBy6to4", "2002:a01:203::1", Verdict::kOnlyWhereAllowed},
                             {"PublicByNat64", "64:ff9b::5db8:d822", Verdict::kCalled},
                             {"Metadata", "169.254.169.254", Verdict::kNever},
                             {"MetadataMapped", "::ffff:169.254.169.254", Verdict::kNever},
                             {"MetadataByNat64", "64:ff9b::a9fe:a9fe", Verdict::kNever},
                             {"MetadataBy6to4", "2002:a9fe:a9fe::", Verdict::kNever},
                             {"MetadataAwsV6", "fd00:ec2::254", Verdict::kNever},
                             {"MetadataGoogleV6", "fd20:ce::254", Verdict::kNever},
                             {"MetadataAlibaba", "100.100.100.200", Verdict::kNever},
                             {"MetadataAzure", "168.63.129.16", Verdict::kNever},
                             {"MetadataOracle", "192.0.0.192", Verdict::kNever},
                             {"LinkLocal", "169.254.0.1", Verdict::kNever},
                             {"LinkLocalV6", "fe80::1", Verdict::kNever},
                             {"Unspecified", "0.0.0.0", Verdict::kNever},
                             {"ThisNetwork", "0.1.2.3", Verdict::kNever},
                             {"UnspecifiedV6", "::", Verdict::kNever},
                             {"Multicast", "224.0.0.1", Verdict::kNever},
                             {"Reserved", "240.0.0.1", Verdict::kNever},
                             {"Broadcast", "255.255.255.255", Verdict::kNever},
                             {"MulticastV6", "ff02::1", Verdict::kNever},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(AddressPolicyTest, AllowsExactlyWhatIsListed) {
  const AddressPolicy policy(Set({"10.1.0.0/16", "127.0.0.1", "fd00:1::/32"}));
  EXPECT_THAT(policy.Check(asio::ip::make_address("10.1.255.1")), IsOk());
  EXPECT_THAT(policy.Check(asio::ip::make_address("::ffff:10.1.255.1")), IsOk());
  EXPECT_THAT(policy.Check(asio::ip::make_address("127.0.0.1")), IsOk());
  EXPECT_THAT(policy.Check(asio::ip::make_address("fd00:1:9::1")), IsOk());
  for (const char* other : {"10.2.0.1", "127.0.0.2", "fd00:2::1", "::1"}) {
    EXPECT_THAT(policy.Check(asio::ip::make_address(other)),
                StatusIs(absl::StatusCode::kPermissionDenied))
        << other;
  }
}

struct SetCase {
  std::string_view name;
  std::string entry;
  const char* address;
  bool in;
};
class AddressSetTest : public ::testing::TestWithParam<SetCase> {};
TEST_P(AddressSetTest, Contains) {
  EXPECT_EQ(Set({GetParam().entry}).Contains(asio::ip::make_address(GetParam().address)),
            GetParam().in);
}
INSTANTIATE_TEST_SUITE_P(Entries, AddressSetTest,
                         ::testing::ValuesIn<SetCase>({
                             {"Single", "192.0.2.7", "192.0.2.7", true},
                             {"SingleOther", "192.0.2.7", "192.0.2.8", false},
                             {"Everything", "0.0.0.0/0", "203.0.113.1", true},
                             {"OddPrefix", "192.0.2.128/25", "192.0.2.127", false},
                             {"OddPrefixIn", "192.0.2.128/25", "192.0.2.255", true},
                             {"HostBitsAreIgnored", "10.1.2.3/8", "10.9.9.9", true},
                             {"V6", "2001:db8::/33", "2001:db8:7fff::1", true},
                             {"V6Other", "2001:db8::/33", "2001:db8:8000::1", false},
                             {"V6Single", "2001:db8::1", "2001:db8::1", true},
                             {"V6Everything", "::/0", "2001:db8::1", true},
                             {"V4IsNotInV6", "::/0", "10.0.0.1", false},
                             {"MappedIsV4", "10.0.0.0/8", "::ffff:10.0.0.1", true},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(AddressSetTest, NamesTheEntryThatIsNone) {
  for (const std::string bad : {"", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "::/129",
                                "fd00::/x", "10.0.0.0/-1", "1.2.3.4 "}) {
    EXPECT_THAT(AddressSet::Parse({"10.0.0.0/8", bad}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'" + bad + "'")));
  }
}

}  // namespace
}  // namespace weir::edge

#include "common/status/bad_fields.h"

#include "common/status/detail.h"
#include "common/testing/status_matchers.h"

namespace weir::status {
namespace {

using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

// What `bad` says in its message, which is the whole of it.
void ExpectMessage(const BadFields& bad, const std::string& want) {
  EXPECT_THAT(bad.ToStatus(), StatusIs(absl::StatusCode::kInvalidArgument, want));
}

TEST(BadFieldsTest, NothingIsOk) { EXPECT_THAT(BadFields().ToStatus(), IsOk()); }

TEST(BadFieldsTest, SaysAllOfIt) {
  BadFields bad;
  bad.Add("model.targets[0].provider", "is unset, want {} to {} names", 1, 32);
  bad.Add("model.name", "is there twice");
  ExpectMessage(bad,
                "model.targets[0].provider: is unset, want 1 to 32 names; model.name: is there "
                "twice");
}

TEST(BadFieldsTest, CarriesEachFieldAsADetail) {
  BadFields bad;
  bad.Add("limit.name", "is unset");
  bad.Add("limit.count", "is unset too");
  const auto detail = Detail<common::v1::BadFields>(bad.ToStatus());
  ASSERT_TRUE(detail.has_value());
  ASSERT_EQ(detail->fields_size(), 2);
  EXPECT_EQ(detail->fields(1).path(), "limit.count");
  EXPECT_EQ(detail->fields(1).problem(), "is unset too");
}

TEST(BadFieldsTest, ARangeHasBothItsEnds) {
  BadFields bad;
  for (const int64_t good : {1, 5, 9}) bad.InRange("count", good, 1, 9);
  EXPECT_THAT(bad.ToStatus(), IsOk());
  bad.InRange("count", 0, 1, 9);
  bad.InRange("burst", 10, 1, 9);
  ExpectMessage(bad, "count: got 0, want 1 to 9; burst: got 10, want 1 to 9");
}

TEST(BadFieldsTest, RequiresWhatItIsTold) {
  BadFields bad;
  bad.Require(true, "name", "team-a", "a name");
  EXPECT_THAT(bad.ToStatus(), IsOk());
  // A value is no format, and is shown as its caller wants it.
  bad.Require(false, "name", R"(a{}\n)", "1 to 63 of [a-z{}]");
  ExpectMessage(bad, R"(name: got 'a{}\n', want 1 to 63 of [a-z{}])");
}

TEST(BadFieldsTest, TheMessageHasFiveAndCountsTheOthers) {
  BadFields bad;
  for (int i = 0; i < 5; ++i) bad.Add(fmt::format("f[{}]", i), "bad");
  ExpectMessage(bad, "f[0]: bad; f[1]: bad; f[2]: bad; f[3]: bad; f[4]: bad");
  bad.Add("f[5]", "bad");
  ExpectMessage(bad, "f[0]: bad; f[1]: bad; f[2]: bad; f[3]: bad; f[4]: bad; and 1 more");
}

TEST(BadFieldsTest, KeepsAHundredAndCountsTheOthers) {
  BadFields bad;
  for (int i = 0; i < 150; ++i) bad.Add(fmt::format("f[{}]", i), "bad");
  ExpectMessage(bad, "f[0]: bad; f[1]: bad; f[2]: bad; f[3]: bad; f[4]: bad; and 145 more");
  const auto detail = Detail<common::v1::BadFields>(bad.ToStatus());
  ASSERT_TRUE(detail.has_value());
  ASSERT_EQ(detail->fields_size(), 100);
  EXPECT_EQ(detail->fields(99).path(), "f[99]");
}

}  // namespace
}  // namespace weir::status

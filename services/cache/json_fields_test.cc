#include "services/cache/json_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "common/testing/status_matchers.h"

namespace weir::cache {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr std::string_view kJson =
    R"({"text":"t","flag":true,"count":7,"list":[1],"none":null,"inner":{"deep":{"x":-1}}})";

class JsonFieldsTest : public ::testing::Test {
 protected:
  simdjson::dom::parser parser_;
  const JsonFields fields_ = JsonFields::Parse(parser_, kJson).value();
};

TEST_F(JsonFieldsTest, ReadsWhatIsWanted) {
  EXPECT_EQ(fields_.String("text").value(), "t");
  EXPECT_TRUE(fields_.Bool("flag").value());
  EXPECT_EQ(fields_.Unsigned("count").value(), 7U);
  EXPECT_EQ(fields_.Array("list")->size(), 1U);
  EXPECT_THAT(fields_.MustBe("text", "t"), IsOk());
  EXPECT_THAT(fields_.MustBeNull("none"), IsOk());
  EXPECT_THAT(fields_.MustBeNull("absent"), IsOk());
}

TEST_F(JsonFieldsTest, SaysWhatCameAndWhatIsWanted) {
  EXPECT_THAT(fields_.String("count"), StatusIs(kInvalid, HasSubstr("count is 7, want a string")));
  EXPECT_THAT(fields_.Bool("list"), StatusIs(kInvalid, HasSubstr("list is an array, want true")));
  EXPECT_THAT(fields_.Unsigned("absent"), StatusIs(kInvalid, HasSubstr("absent is missing")));
  EXPECT_THAT(fields_.Array("none"), StatusIs(kInvalid, HasSubstr("none is null, want an array")));
  EXPECT_THAT(fields_.Object("flag"),
              StatusIs(kInvalid, HasSubstr("flag is true, want an object")));
  EXPECT_THAT(fields_.MustBe("text", "u"), StatusIs(kInvalid, HasSubstr("text is 't', want 'u'")));
  EXPECT_THAT(fields_.MustBeNull("inner"), StatusIs(kInvalid, HasSubstr("inner is an object")));
}

TEST_F(JsonFieldsTest, NamesAMemberByItsPath) {
  const JsonFields deep = fields_.Object("inner")->Object("deep").value();
  EXPECT_THAT(deep.Unsigned("x"),
              StatusIs(kInvalid, HasSubstr("inner.deep.x is -1, want a whole")));
  EXPECT_EQ(deep.PathOf("a\nb"), "inner.deep.a\\nb");
}

TEST(ParseJsonFieldsTest, WantsAnObject) {
  simdjson::dom::parser parser;
  EXPECT_THAT(JsonFields::Parse(parser, "[]"),
              StatusIs(kInvalid, HasSubstr("is an array, want an object")));
  EXPECT_THAT(JsonFields::Parse(parser, ""), StatusIs(kInvalid, HasSubstr("is not JSON")));
  EXPECT_THAT(JsonFields::Parse(parser, "{} x"), StatusIs(kInvalid, HasSubstr("is not JSON")));
}

}  // namespace
}  // namespace weir::cache

#include "services/cache/safetensors.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>

#include "common/testing/status_matchers.h"
#include "services/cache/safetensors_for_test.h"

namespace weir::cache {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

constexpr std::string_view kHeader =
    R"({"__metadata__":{"format":"pt"},"t":{"dtype":"I8","shape":[2,3],"data_offsets":[1,7]}} )";
constexpr std::string_view kData = "x\x01\x02\x03\xff\xfe\x80y";

TEST(ReadInt8MatrixTest, ReadsRows) {
  const std::string file = SafetensorsFile(kHeader, kData);
  const absl::StatusOr<Int8Matrix> matrix = ReadInt8Matrix(file, "t");
  ASSERT_THAT(matrix, IsOk());
  EXPECT_EQ(matrix->rows, 2U);
  EXPECT_EQ(matrix->columns, 3U);
  EXPECT_EQ(matrix->values[0], 1);
  EXPECT_EQ(matrix->values[5], -128);
}

struct BadFileCase {
  std::string_view name, from, to, problem;
};
class BadSafetensorsTest : public ::testing::TestWithParam<BadFileCase> {};

TEST_P(BadSafetensorsTest, SaysWhatIsWrong) {
  std::string header(kHeader);
  header.replace(header.find(GetParam().from), GetParam().from.size(), GetParam().to);
  EXPECT_THAT(
      ReadInt8Matrix(SafetensorsFile(header, kData), "t"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(GetParam().problem))));
}
INSTANTIATE_TEST_SUITE_P(
    Headers, BadSafetensorsTest,
    ::testing::ValuesIn<BadFileCase>({
        {"NotJson", kHeader, "{", "the header: is not JSON"},
        {"Empty", kHeader, "", "the header: is not JSON"},
        {"NoObject", kHeader, "3", "the header: is 3, want an object"},
        {"NoTensor", R"("t":)", R"("__metadata__":)", "t is missing, want an object"},
        {"OtherTensor", R"("t":)", R"("weights":)", "has a tensor 'weights', want 't' alone"},
        {"SecondTensor", R"({"__meta)", R"({"mapping":{},"__meta)", "has a tensor 'mapping'"},
        {"NoObjectInIt", R"({"dtype":"I8","shape":[2,3],"data_offsets":[1,7]})", "[]",
         "t is an array, want an object"},
        {"Float", R"("I8")", R"("F16")", "t.dtype is 'F16', want 'I8'"},
        {"NoType", R"("dtype")", R"("type")", "t.dtype is missing, want 'I8'"},
        {"Vector", "[2,3]", "[6]", "t.shape is [6], want two whole numbers"},
        {"Cube", "[2,3]", "[1,2,3]", "t.shape is [1,2,3], want two"},
        {"ShapeNegative", "[2,3]", "[-2,-3]", "t.shape is [-2,-3], want two"},
        {"ShapeText", "[2,3]", R"("2,3")", "t.shape is '2,3', want an array"},
        {"ShapeZero", "[2,3]", "[0,3]", "t.shape is 0 by 3, want the 6 bytes"},
        {"ShapeTooSmall", "[2,3]", "[1,3]", "t.shape is 1 by 3"},
        {"ShapeTooLarge", "[2,3]", "[3,3]", "t.shape is 3 by 3"},
        {"ShapeOverflows", "[2,3]", "[4294967296,4294967298]", "t.shape is 4294967296 by"},
        {"OffsetsOverflow", "[1,7]", "[18446744073709551615,7]",
         "data_offsets is 18446744073709551615 to 7"},
        {"OffsetsTooLarge", "[1,7]", "[1,18446744073709551616]", "the header: is not JSON"},
        {"OffsetsTurned", "[1,7]", "[7,1]", "t.data_offsets is 7 to 1, want a part of the 8 bytes"},
        {"OffsetsBeyond", "[1,7]", "[3,9]", "t.data_offsets is 3 to 9, want a part of the 8 bytes"},
        {"OneOffset", "[1,7]", "[1]", "t.data_offsets is [1], want two"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReadInt8MatrixTest, TheHeaderIsInTheFile) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ReadInt8Matrix("", "t"), StatusIs(invalid, HasSubstr("has 0 bytes, want the 8")));
  EXPECT_THAT(ReadInt8Matrix("1234567", "t"), StatusIs(invalid, HasSubstr("has 7 bytes")));
  EXPECT_THAT(ReadInt8Matrix(SafetensorsFile(9, "{}", ""), "t"),
              StatusIs(invalid, HasSubstr("has a header of 9 bytes, want at most 100000000 and no "
                                          "more than 2")));
  EXPECT_THAT(ReadInt8Matrix(SafetensorsFile(~uint64_t{0}, "{}", ""), "t"),
              StatusIs(invalid, HasSubstr("has a header of 18446744073709551615 bytes")));
  EXPECT_THAT(ReadInt8Matrix(SafetensorsFile(100'000'001, std::string(100'000'001, ' '), ""), "t"),
              StatusIs(invalid, HasSubstr("has a header of 100000001 bytes")));
}

TEST(ReadInt8MatrixTest, AnyBytesAreAFileOrAFault) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    (void)ReadInt8Matrix(bytes, "t");
    std::string file = SafetensorsFile(kHeader, kData);
    file.replace(*rc::gen::inRange<size_t>(0, file.size()), bytes.size(), bytes);
    const absl::StatusOr<Int8Matrix> matrix = ReadInt8Matrix(file, "t");
    if (matrix.ok()) RC_ASSERT(matrix->rows * matrix->columns <= file.size());
  }));
}

}  // namespace
}  // namespace weir::cache

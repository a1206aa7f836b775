#include "edge/http/request_shape.h"

#include <string>

#include "common/testing/status_matchers.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

using namespace std::string_view_literals;

struct GoodCase {
  std::string_view name, head;
};
class GoodShapeTest : public ::testing::TestWithParam<GoodCase> {};

TEST_P(GoodShapeTest, IsAccepted) { EXPECT_THAT(CheckRequestShape(GetParam().head), IsOk()); }
INSTANTIATE_TEST_SUITE_P(
    Heads, GoodShapeTest,
    ::testing::ValuesIn<GoodCase>({
        {"Plain", "GET / HTTP/1.1\r\nHost: weir\r\n\r\n"},
        {"Length", "POST /x HTTP/1.1\r\nHost: weir\r\nContent-Length: 15\r\n\r\n"},
        {"LengthZero", "POST /x HTTP/1.1\r\nHost: weir\r\nContent-Length: 0\r\n\r\n"},
        {"BlanksAroundLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: \t5 \t\r\n\r\n"},
        {"Chunked", "POST /x HTTP/1.1\r\nHost: weir\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"ChunkedInCapitals", "POST /x HTTP/1.1\r\nhost: w\r\nTRANSFER-ENCODING: ChunkeD\r\n\r\n"},
        {"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n"},
        {"Http10WithHost", "GET / HTTP/1.0\r\nHost: weir\r\n\r\n"},
        {"EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {"EmptyValue", "GET / HTTP/1.1\r\nHost: w\r\nX-Empty:\r\n\r\n"},
        {"NoSpaceBehindColon", "GET / HTTP/1.1\r\nHost:w\r\nX:y\r\n\r\n"},
        {"TabInValue", "GET / HTTP/1.1\r\nHost: w\r\nX: a\tb\r\n\r\n"},
        {"BytesOver127InValue", "GET / HTTP/1.1\r\nHost: w\r\nX: caf\xc3\xa9\r\n\r\n"},
        {"ColonInValue", "GET / HTTP/1.1\r\nHost: w:8080\r\nX: a:b\r\n\r\n"},
        {"EveryTokenCharacter",
         "M-SEARCH / HTTP/1.1\r\nHost: w\r\n!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n"},
        {"AbsoluteForm", "GET http://weir/v1/models?x=1 HTTP/1.1\r\nHost: weir\r\n\r\n"},
        {"SameNameTwice", "GET / HTTP/1.1\r\nHost: w\r\nAccept: a\r\nAccept: b\r\n\r\n"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

struct BadCase {
  std::string_view name, head, why;
};
class BadShapeTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadShapeTest, IsRefusedWithItsRule) {
  EXPECT_THAT(CheckRequestShape(GetParam().head),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().why)));
}
INSTANTIATE_TEST_SUITE_P(
    Framing, BadShapeTest,
    ::testing::ValuesIn<BadCase>({
        {"LengthAndChunked",
         "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
         "together"},
        {"ChunkedAndLength",
         "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
         "together"},
        {"TwoLengths",
         "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
         "more than once"},
        {"SameLengthTwice",
         "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n",
         "more than once"},
        {"ListOfLengths", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 5, 5\r\n\r\n",
         "one decimal number"},
        {"PlusLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: +5\r\n\r\n", "decimal"},
        {"MinusLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: -5\r\n\r\n", "decimal"},
        {"HexLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 0x5\r\n\r\n", "decimal"},
        {"FractionLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 5.0\r\n\r\n", "decimal"},
        {"SpaceInLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 6 7\r\n\r\n", "decimal"},
        {"EmptyLength", "POST / HTTP/1.1\r\nHost: w\r\nContent-Length:\r\n\r\n", "decimal"},
        {"LengthOver64Bits",
         "POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 18446744073709551617\r\n\r\n", "decimal"},
        {"ChunkedNotLast", "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
         "single 'chunked'"},
        {"GzipThenChunked",
         "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
         "single 'chunked'"},
        {"ChunkedTwice",
         "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
         "single 'chunked'"},
        {"CodingTwice",
         "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n",
         "more than once"},
        {"Identity", "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: identity\r\n\r\n",
         "single 'chunked'"},
        {"EmptyCoding", "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding:\r\n\r\n",
         "single 'chunked'"},
        {"CodingWithParameter",
         "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
         "single 'chunked'"},
        {"CodingWithVerticalTab",
         "POST / HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: \x0b"
         "chunked\r\n\r\n",
         "control character"},
        {"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    Lines, BadShapeTest,
    ::testing::ValuesIn<BadCase>({
        {"Folded", "GET / HTTP/1.1\r\nHost: w\r\nX: a\r\n b\r\n\r\n", "folded"},
        {"FoldedByTab", "GET / HTTP/1.1\r\nHost: w\r\nX: a\r\n\tb\r\n\r\n", "folded"},
        {"FirstLineFolded", "GET / HTTP/1.1\r\n Host: w\r\n\r\n", "folded"},
        {"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : w\r\n\r\n", "before the colon"},
        {"TabBeforeColon", "GET / HTTP/1.1\r\nHost\t: w\r\n\r\n", "before the colon"},
        {"NoColon", "GET / HTTP/1.1\r\nHost: w\r\nnonsense\r\n\r\n", "NAME: VALUE"},
        {"EmptyName", "GET / HTTP/1.1\r\nHost: w\r\n: x\r\n\r\n", "NAME: VALUE"},
        {"SlashInName", "GET / HTTP/1.1\r\nHost: w\r\na/b: x\r\n\r\n", "NAME: VALUE"},
        {"ByteOver127InName", "GET / HTTP/1.1\r\nHost: w\r\n\xc3\xa9: x\r\n\r\n", "NAME: VALUE"},
        {"NulInName", "GET / HTTP/1.1\r\nHost: w\r\nA\0B: x\r\n\r\n"sv, "NUL"},
        {"BareLfBehindRequestLine", "GET / HTTP/1.1\nHost: w\r\n\r\n", "CRLF"},
        {"BareLfBehindHeader", "GET / HTTP/1.1\r\nHost: w\nX: y\r\n\r\n", "CRLF"},
        {"BareCr", "GET / HTTP/1.1\r\nHost: w\r\nX: a\rContent-Length: 5\r\n\r\n", "bare CR"},
        {"CrCrLf", "GET / HTTP/1.1\r\nHost: w\r\r\n\r\n", "bare CR"},
        {"NulInValue", "GET / HTTP/1.1\r\nHost: w\r\nX: a\0b\r\n\r\n"sv, "NUL"},
        {"BellInValue",
         "GET / HTTP/1.1\r\nHost: w\r\nX: a\x07"
         "b\r\n\r\n",
         "control character"},
        {"DelInValue", "GET / HTTP/1.1\r\nHost: w\r\nX: a\x7f\r\n\r\n", "control character"},
        {"NoHost", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "Host came 0 times"},
        {"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "Host came 2 times"},
        {"SameHostTwice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "Host came 2 times"},
        {"TwoHostsInHttp10", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "Host came 2 times"},
    }),
    [](const auto& info) { return std::string(info.param.name); });
INSTANTIATE_TEST_SUITE_P(
    RequestLine, BadShapeTest,
    ::testing::ValuesIn<BadCase>({
        {"EmptyLineFirst", "\r\nGET / HTTP/1.1\r\nHost: w\r\n\r\n", "request line"},
        {"TwoSpaces", "GET  / HTTP/1.1\r\nHost: w\r\n\r\n", "request line"},
        {"SpaceBehindVersion", "GET / HTTP/1.1 \r\nHost: w\r\n\r\n", "request line"},
        {"Http09", "GET /\r\nHost: w\r\n\r\n", "request line"},
        {"TabForSpace", "GET\t/ HTTP/1.1\r\nHost: w\r\n\r\n", "request line"},
        {"SpaceFirst", " GET / HTTP/1.1\r\nHost: w\r\n\r\n", "request line"},
        {"ColonInMethod", "GE:T / HTTP/1.1\r\nHost: w\r\n\r\n", "method"},
        {"EmptyMethod", " / HTTP/1.1\r\nHost: w\r\n\r\n", "method"},
        {"EmptyTarget", "GET  HTTP/1.1\r\nHost: w\r\n\r\n", "target"},
        {"ByteOver127InTarget", "GET /\xff HTTP/1.1\r\nHost: w\r\n\r\n", "target"},
        {"DelInTarget", "GET /\x7f HTTP/1.1\r\nHost: w\r\n\r\n", "target"},
        {"TabInTarget", "GET /\t HTTP/1.1\r\nHost: w\r\n\r\n", "target"},
        {"NulInTarget", "GET /\0 HTTP/1.1\r\nHost: w\r\n\r\n"sv, "NUL"},
        {"Http2", "GET / HTTP/2.0\r\nHost: w\r\n\r\n", "version"},
        {"Http12", "GET / HTTP/1.2\r\nHost: w\r\n\r\n", "version"},
        {"SmallLetters", "GET / http/1.1\r\nHost: w\r\n\r\n", "version"},
        {"VersionGlued", "GET / HTTP/1.11\r\nHost: w\r\n\r\n", "version"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::edge

#include "edge/pipeline/cors.h"

#include <gmock/gmock.h>

#include "common/testing/run.h"
#include "edge/testing/test_call.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::weir::edge::testing::HeaderOf;
using ::weir::edge::testing::TestCall;
using ::weir::testing::RunUntilDone;

struct OriginCase {
  std::string_view name;
  std::vector<std::string> allowed;
  std::string_view origin;
  bool is_allowed;
};
class CorsTest : public ::testing::TestWithParam<OriginCase> {
 protected:
  CorsTest() {
    for (const std::string& each : GetParam().allowed) call_.proxy.add_cors_origins(each);
    call_.proxy.set_key_header("x-own-key");
  }
  TestCall call_{{"Origin", GetParam().origin}};
};

TEST_P(CorsTest, AnswersCarryTheOriginWhereItIsAllowed) {
  const CallPtr call = call_.Get();
  call->route.proxy = &call_.proxy;
  Headers headers;
  AddCorsHeaders(*call, headers);
  if (!GetParam().is_allowed) {
    EXPECT_THAT(headers.lines(), IsEmpty());
    return;
  }
  EXPECT_EQ(HeaderOf(headers, "access-control-allow-origin"), GetParam().origin);
  EXPECT_EQ(HeaderOf(headers, "vary"), "Origin");
  EXPECT_THAT(HeaderOf(headers, "access-control-expose-headers"), HasSubstr("x-request-id"));
  EXPECT_EQ(HeaderOf(headers, "access-control-allow-credentials"), "");
}

TEST_P(CorsTest, PreflightsAreAnsweredWhereItIsAllowed) {
  const CallPtr call = call_.Get();
  call->route.proxy = &call_.proxy;
  const std::optional<Refusal> refused = RunUntilDone(AnswerPreflight(call));
  ASSERT_EQ(refused.has_value(), !GetParam().is_allowed);
  if (refused) {
    EXPECT_EQ(refused->http_status, 403);
    EXPECT_EQ(refused->code, "cors_forbidden");
    return;
  }
  EXPECT_EQ(call_.reply.status, 204);
  EXPECT_EQ(HeaderOf(call_.reply.headers, "access-control-allow-origin"), GetParam().origin);
  EXPECT_THAT(HeaderOf(call_.reply.headers, "access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_THAT(HeaderOf(call_.reply.headers, "access-control-allow-headers"),
              HasSubstr("x-own-key"));
  EXPECT_THAT(HeaderOf(call_.reply.headers, "access-control-allow-headers"),
              HasSubstr("x-stainless-retry-count"));
  EXPECT_EQ(HeaderOf(call_.reply.headers, "x-request-id"), "request-1");
}
INSTANTIATE_TEST_SUITE_P(
    Origins, CorsTest,
    ::testing::ValuesIn<OriginCase>({
        {"Listed", {"https://a.example", "https://b.example"}, "https://b.example", true},
        {"Any", {"*"}, "https://whoever.example", true},
        {"Null", {"https://a.example"}, "null", false},
        {"OtherScheme", {"https://a.example"}, "http://a.example", false},
        {"OtherPort", {"https://a.example"}, "https://a.example:8443", false},
        {"Longer", {"https://a.example"}, "https://a.example.evil", false},
        {"OtherCase", {"https://a.example"}, "https://A.example", false},
        {"NoneListed", {}, "https://a.example", false},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(CorsEdgeTest, ARequestWithoutOriginOrProxyGetsNothing) {
  TestCall without;
  without.proxy.add_cors_origins("*");
  const CallPtr no_origin = without.Get();
  no_origin->route.proxy = &without.proxy;
  TestCall root({{"Origin", "https://a.example"}});
  Headers headers;
  AddCorsHeaders(*no_origin, headers);
  AddCorsHeaders(*root.Get(), headers);
  EXPECT_THAT(headers.lines(), IsEmpty());
}

TEST(CorsEdgeTest, AnEndlessOriginIsNotSentBack) {
  const std::string endless(600, 'x');
  TestCall call({{"Origin", endless}});
  call.proxy.add_cors_origins("*");
  const CallPtr it = call.Get();
  it->route.proxy = &call.proxy;
  Headers headers;
  AddCorsHeaders(*it, headers);
  EXPECT_THAT(headers.lines(), IsEmpty());
}

}  // namespace
}  // namespace weir::edge

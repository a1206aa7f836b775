#include "services/guardrails/delta_state.h"

#include <gmock/gmock.h>

#include <string>

#include "common/testing/status_matchers.h"
#include "services/guardrails/delta_inspection.h"
#include "services/guardrails/policies_for_test.h"
#include "services/guardrails/policy_union.h"

namespace weir::guardrails {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

DeltaState Full() {
  DeltaState state{.blocking = std::string("\x01\x00\xff", 3),
                   .replacing = "r",
                   .watching = "",
                   .carry = "\xc3",
                   .numbers = {},
                   .tail = "what came last",
                   .held = 4,
                   .unread = 7,
                   .injection_told = true};
  state.numbers["EMAIL"] = {.last = 9999,
                            .given = {{std::string("\0bcdefgh", 8), 9999}, {"ABCDEFGH", 1}}};
  state.numbers["CARD"] = {.last = 0, .given = {}};
  return state;
}

class DeltaStateTest : public ::testing::Test {
 protected:
  const crypto::Hmac seals_{"key"};
};

TEST_F(DeltaStateTest, ComesBackAsItWas) {
  const std::string bytes = EncodeState(Full());
  const auto read = DecodeState(bytes);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(EncodeState(*read), bytes);
  EXPECT_EQ(read->blocking, Full().blocking);
  EXPECT_EQ(read->tail, "what came last");
  EXPECT_EQ(read->held, 4u);
  EXPECT_EQ(read->unread, 7u);
  EXPECT_TRUE(read->injection_told);
  EXPECT_EQ(read->numbers.at("EMAIL").given, Full().numbers.at("EMAIL").given);
}

TEST_F(DeltaStateTest, OpensForItsStreamUnderItsKeyAlone) {
  const std::string sealed = SealState(Full(), "acme", seals_);
  EXPECT_THAT(OpenState(sealed, "acme", seals_), IsOk());
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("last delta"));
  EXPECT_THAT(OpenState(sealed, "acmes", seals_), refused);
  EXPECT_THAT(OpenState(sealed, "acme", crypto::Hmac("another")), refused);
  EXPECT_THAT(OpenState("", "acme", seals_), refused);
  EXPECT_THAT(OpenState(sealed + std::string(DeltaState::kMostBytes, 'x'), "acme", seals_),
              refused);
  std::string newer = sealed;
  newer[0] = 2;
  EXPECT_THAT(OpenState(newer, "acme", seals_), refused);
}

TEST_F(DeltaStateTest, NoByteOfItCanBeChangedOrCut) {
  const std::string sealed = SealState(Full(), "acme", seals_);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(OpenState(changed, "acme", seals_).ok()) << i;
    EXPECT_FALSE(OpenState(sealed.substr(0, i), "acme", seals_).ok()) << i;
  }
}

TEST_F(DeltaStateTest, WhatIsNoStateIsRefused) {
  const std::string bytes = EncodeState(Full());
  for (size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(DecodeState(bytes.substr(0, i)).ok()) << i;
  EXPECT_FALSE(DecodeState(bytes + "x").ok());
  DeltaState bad = Full();
  bad.held = bad.tail.size() + 1;
  EXPECT_FALSE(DecodeState(EncodeState(bad)).ok());
  bad = Full();
  bad.carry = "four";
  EXPECT_FALSE(DecodeState(EncodeState(bad)).ok());
  bad = Full();
  bad.numbers["email"] = {};
  EXPECT_FALSE(DecodeState(EncodeState(bad)).ok());
  bad = Full();
  bad.numbers["EMAIL"].last = 10'000;
  EXPECT_FALSE(DecodeState(EncodeState(bad)).ok());
  bad = Full();
  bad.numbers["EMAIL"].given["ABCDEFGH"] = 0;
  EXPECT_FALSE(DecodeState(EncodeState(bad)).ok());
}

// Whatever a stream brings, and whatever its policies look for.
TEST_F(DeltaStateTest, FitsInItsBound) {
  auto policy = PolicyOf("all", {EntityRule("mask", "mask", {}),
                                 DenyRule("words", "block", {std::string(128, 'z'), "y y"}),
                                 PatternRule("long", "block", "LONG", "X{254}"),
                                 PatternRule("told", "flag", "TOLD", "[a-z]{253}Y")});
  for (int i = 0; i < 30; ++i) {
    const auto a = static_cast<char>('A' + i % 26);
    const auto b = static_cast<char>('A' + i / 26);
    *policy.add_rules() = PatternRule(fmt::format("r{}", i), "mask", std::string(11, a) + b,
                                      fmt::format("q{}q\\d", i));
  }
  PatternPool patterns;
  const auto compiled = CompilePolicy(policy, patterns);
  ASSERT_EQ(compiled->fault, "");
  PolicyUnion policies({compiled});
  const auto rules = *policies.For({.direction = v1::DIRECTION_RESPONSE, .path = "", .role = ""});
  DeltaState state;
  size_t longest = 0;
  for (int i = 0; i < 3000; ++i) {
    v1::InspectDeltaRequest request;
    request.set_delta(fmt::format("q{}q{} u{}@example.com {}", i % 30, i % 10, i,
                                  std::string(static_cast<size_t>(i % 300), 'X')));
    auto inspected = InspectPiece(request, *rules, std::move(state), seals_);
    ASSERT_THAT(inspected, IsOk());
    if (inspected->response.verdict() == v1::VERDICT_BLOCK) {
      state = {};
      continue;
    }
    state = std::move(inspected->state);
    longest = std::max(longest, SealState(state, "stream", seals_).size());
  }
  EXPECT_LE(longest, DeltaState::kMostBytes);
  EXPECT_GT(longest, 2000u) << "the bound was not tried";
}

}  // namespace
}  // namespace weir::guardrails

#include "services/cache/veto_sketch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace weir::cache {
namespace {

VetoReason Quick(std::string_view asked, std::string_view cached) {
  return QuickVeto(SketchOf(ReadWording(asked)), SketchOf(ReadWording(cached)));
}

struct Pair {
  const char* name;
  std::string_view asked, cached;
  VetoReason reason;
};

class QuickVetoTest : public ::testing::TestWithParam<Pair> {};

TEST_P(QuickVetoTest, SaysWhatItIsSureOf) {
  const Pair& pair = GetParam();
  EXPECT_EQ(Quick(pair.asked, pair.cached), pair.reason);
  EXPECT_EQ(Quick(pair.cached, pair.asked), pair.reason);
}

INSTANTIATE_TEST_SUITE_P(
    All, QuickVetoTest,
    ::testing::Values(
        Pair{"OtherTicket", "Where is ticket AB12345?", "Where is ticket AB12346?",
             "veto_identifier"},
        Pair{"OnOneSide", "Where is ticket AB12345?", "Where is my ticket?", "veto_identifier"},
        Pair{"OtherQuotedVersion", "What is new in \"v2beta\"?", "What is new in \"v3beta\"?",
             "veto_identifier"},
        Pair{"Same", "Where is ticket AB12345?", "where's ticket ab12345", ""},
        Pair{"NothingOfTheKind", "Where is my parcel?", "Where is my letter?", ""},
        // The rule on numbers comes first.
        Pair{"OtherNumbers", "Send 5 copies of AB12345", "Send 7 copies of AB12346", ""},
        Pair{"OtherUnits", "Is AB12345 5 km away?", "Is AB12346 5 miles away?", ""},
        // Might be a slip of the other.
        Pair{"PerhapsMisspelt", "What is passw0rd here?", "What is password here?", ""}),
    [](const auto& info) { return info.param.name; });

// A text of words with numbers, units, names and slips.
std::string RandomText() {
  static const std::vector<std::string> words = {
      "where",   "is",       "ticket", "AB12345", "AB12346", "AB123456", "A12",    "the",
      "two",     "three",    "first",  "5",       "7",       "km",       "miles",  "passw0rd",
      "passwrd", "password", "not",    "v2",      "v3",      "\"v2\"",   "one",    "hunderd",
      "hundred", "file.txt", "x_1",    "\"a1",    "b2\"",    "from",     "Berlin", "to",
      "Bern",    "10km",     "2nd",    "3rd"};
  std::string text;
  for (int i = *rc::gen::inRange(0, 9); i > 0; --i) text += *rc::gen::elementOf(words) + " ";
  return text;
}

RC_GTEST_PROP(QuickVetoPropertyTest, RefusesNothingThatTheRulesLetPass, ()) {
  const std::string asked = RandomText(), cached = RandomText();
  if (Quick(asked, cached).empty()) return;
  RC_ASSERT(!Veto(ReadWording(asked), ReadWording(cached)).empty());
}

}  // namespace
}  // namespace weir::cache

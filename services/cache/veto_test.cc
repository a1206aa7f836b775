#include "services/cache/veto.h"

#include <gmock/gmock.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

#include "services/cache/question.h"

namespace weir::cache {
namespace {

struct VetoCase {
  std::string_view name, asked, cached;
  VetoReason want;
};
class VetoTest : public ::testing::TestWithParam<VetoCase> {};

VetoReason VetoOf(std::string_view a, std::string_view b, const VetoRules& rules = {}) {
  return Veto(ReadWording(a), ReadWording(b), rules);
}

TEST_P(VetoTest, SaysWhy) {
  EXPECT_EQ(VetoOf(GetParam().asked, GetParam().cached), GetParam().want);
}
TEST_P(VetoTest, SaysTheSameTheOtherWayRound) {
  EXPECT_EQ(VetoOf(GetParam().cached, GetParam().asked), GetParam().want);
}

std::string NameOf(const ::testing::TestParamInfo<VetoCase>& info) {
  return std::string(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"OtherNumber", "Name 3 rivers of Chad", "Name 4 rivers of Chad", "veto_number"},
        {"NumberOnOneSide", "Name rivers of Chad", "Name 4 rivers of Chad", "veto_number"},
        {"WordForDigits", "Name four rivers of Chad", "Name 4 rivers of Chad", ""},
        {"OtherWord", "Name four rivers of Chad", "Name 5 rivers of Chad", "veto_number"},
        {"Tens", "Draw twenty-five dots", "Draw 25 dots", ""},
        {"OtherTens", "Draw twenty-five dots", "Draw 26 dots", "veto_number"},
        {"Thousands", "Is 1,000 enough?", "Is 1000 enough?", ""},
        {"Multiplier", "Is 10k enough?", "Is 10,000 enough?", ""},
        {"MultiplierWord", "Is 5 million enough?", "Is 5000000 enough?", ""},
        {"Decimal", "Is 2.5 enough?", "Is 25 enough?", "veto_number"},
        {"Version", "What is new in release 1.2.3?", "What is new in release 1.2.4?",
         "veto_number"},
        {"Date", "What fell on 2024-05-01?", "What fell on 2024-05-02?", "veto_number"},
        {"Twice", "Add 2 and 2", "Add 2", "veto_number"},
        {"Moved", "In 9 lines, who was Ovid?", "Who was Ovid, in 9 lines?", ""},
        {"PronounOne", "Which one is the tallest tower?", "Which is the tallest tower?", ""},
        {"OneMayBeANumber", "Give me one reason to run", "Give me 1 reason to run", ""},
        {"Compound", "Set up two-factor login", "Set up two-factor login please", ""},
        {"Ordinal", "Who was the third king?", "Who was the 4th king?", "veto_number"},
        {"SameOrdinal", "Who was the third king?", "Who was the 3rd king?", ""},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Units, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"Attached", "Is 40 kg heavy?", "Is 40 lbs heavy?", "veto_unit"},
        {"Glued", "Is 40kg heavy?", "Is 40 kilograms heavy?", ""},
        {"GluedOther", "Is 40kg heavy?", "Is 40g heavy?", "veto_identifier"},
        {"Free", "How far is the moon in miles?", "How far is the moon in km?", "veto_unit"},
        {"Swapped", "Convert 5 cups to pints", "Convert 5 pints to cups", "veto_unit"},
        {"SameByName", "Convert 5 cups to litres", "convert 5 cups to liters", ""},
        {"Currency", "What does $5 buy?", "What does 5% buy?", "veto_unit"},
        {"LeftOut", "Is a fever of 39 degrees bad?", "Is a fever of 39 bad?", ""},
        {"Length", "Explain rain in 2 pages", "Explain rain in 2 sentences", "veto_unit"},
        {"HourOfDay", "Who works at 9 am?", "Who works at 9 pm?", "veto_unit"},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Names, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"OtherEntity", "Who wrote about Goya?", "Who wrote about Manet?", "veto_entity"},
        {"OneSided", "Is the museum open?", "Is the museum in Basel open?", "veto_entity"},
        {"OtherCase", "who wrote about goya?", "Who wrote about Goya?", ""},
        {"Possessive", "What is Chad's capital?", "What is the capital of Chad?", ""},
        {"PossessiveFirst", "Chad's capital is what?", "What is the capital of Mali?",
         "veto_entity"},
        {"AnUnitIsNoCountry", "Who governs France?", "Who governs Egypt?", "veto_entity"},
        {"FirstWord", "Bees make what?", "What do bees make?", ""},
        {"TitleCase", "How Do I Bake Good Rye Bread", "How do I bake good rye bread", ""},
        {"Accents", "Où est Évora?", "où est évora?", ""},
        {"Camel", "What does parseInt do?", "What does parseFloat do?", "veto_identifier"},
        {"Snake", "What is max_cost?", "What is max_heads?", "veto_identifier"},
        {"Path", "Who owns /etc/hosts?", "Who owns /etc/passwd?", "veto_identifier"},
        {"Code", "is postgresql free?", "Is PostgreSQL free?", ""},
        {"Quoted", "What does 'cave canem' mean?", "What does 'carpe diem' mean?",
         "veto_identifier"},
        {"QuotesLeftOut", "What does \"cave\" mean?", "What does cave mean?", ""},
        {"CurlyQuotes", "What does \u201ccave\u201d mean?", "What does \"cave\" mean?", ""},
        {"Language", "Say hello in Greek", "Say hello in Thai", "veto_language"},
        {"LanguageOneSided", "Sort a list of names in python", "Sort a list of names",
         "veto_language"},
        {"CommonWordAsLanguage", "Sort a list in Go", "Sort a list in Rust", "veto_language"},
        {"LanguageInOtherCase", "Sort a list in go", "Sort a list in Go", ""},
        {"Format", "List my files as JSON", "List my files as csv", "veto_language"},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Polarity, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"Not", "Which birds can fly south?", "Which birds can not fly south?", "veto_negation"},
        {"Contraction", "Which birds don't sing?", "Which birds do sing?", "veto_negation"},
        {"Without", "Cook rice with salt", "Cook rice without salt", "veto_negation"},
        {"SameNegation", "Which birds don't sing?", "Which birds do not sing?", ""},
        {"UnlikeTexts", "I can't top up", "Why does my latest top-up attempt fail so late?", ""},
        {"Opposites", "How do I mute and lock it?", "How do I mute and unlock it?", "veto_antonym"},
        {"Particle", "Turn the heater on", "Turn the heater off", "veto_antonym"},
        {"ParticleOfSynonym", "Switch on the heater", "Turn the heater on", ""},
        {"Synonym", "Enable roaming", "Turn on roaming", ""},
        {"OppositeOfSynonym", "Activate roaming", "Turn off roaming", "veto_antonym"},
        {"Prefix", "Is the fee refundable?", "Is the fee nonrefundable?", "veto_antonym"},
        {"PrefixHyphen", "Is the fee refundable?", "Is the fee non-refundable?", "veto_negation"},
        {"TopAndWorst", "List the top towns", "List the worst towns", "veto_antonym"},
        {"Doubly", "Is the test not hard?", "Is the test easy?", ""},
        {"NeitherNorMore", "Allow no more than 5 tries", "Allow at most 5 tries", ""},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Order, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"FromTo", "Trains from Bern to Basel", "Trains from Basel to Bern", "veto_order"},
        {"ToFrom", "Trains from Bern to Basel", "Trains to Basel from Bern", ""},
        {"OtherWords", "Any train leaving Bern to Basel", "Trains from Basel to Bern",
         "veto_order"},
        {"Bites", "Why did the dog bite the man?", "Why did the man bite the dog?", "veto_order"},
        {"Between", "What lies between Bern and Basel?", "What lies between Basel and Bern?", ""},
        {"Or", "Is tea or coffee older?", "Is coffee or tea older?", ""},
        {"Compare", "Compare tea with coffee", "Compare coffee with tea", ""},
        {"List", "Mix salt and sugar in water", "Mix sugar and salt in water", ""},
        {"Moved", "In Oslo, where do I park?", "Where do I park in Oslo?", ""},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Degrees, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"Bounds", "Towns with at least 9 bridges", "Towns with at most 9 bridges",
         "veto_quantifier"},
        {"BoundOneSided", "Towns with 9 bridges", "Towns with more than 9 bridges",
         "veto_quantifier"},
        {"SameBound", "Towns with over 9 bridges", "Towns with more than 9 bridges", ""},
        {"Quantifier", "Are all bridges safe?", "Are some bridges safe?", "veto_quantifier"},
        {"Superlative", "What is the oldest bridge?", "What is the longest bridge?",
         "veto_comparative"},
        {"Opposite", "What is the highest bridge?", "What is the lowest bridge?", "veto_antonym"},
        {"SameSuperlative", "What is the largest bridge?", "What is the biggest bridge?", ""},
        {"Sequence", "Can I eat before surgery?", "Can I eat after surgery?", "veto_time"},
        {"While", "Can I eat during surgery?", "Can I eat until surgery?", "veto_time"},
        {"Day", "Is the bank open on Monday?", "Is the bank open on Friday?", "veto_time"},
        {"DayOneSided", "Is the bank open?", "Is the bank open today?", "veto_time"},
        {"MonthOrVerb", "May I swim here in May?", "may i swim here in may", ""},
        {"WhoWhen", "Who built the bridge?", "When was the bridge built?", "veto_question_word"},
        {"WhereWhy", "Where is the bridge shut?", "Why is the bridge shut?", "veto_question_word"},
        {"Within", "Return it within 9 days", "Return it after 9 days", "veto_time"},
        {"HowLong", "How long until my card arrives?", "When does my card arrive?", ""},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Wordings, VetoTest,
    ::testing::ValuesIn<VetoCase>({
        {"Equal", "Why is the sky blue?", "Why is the sky blue?", ""},
        {"Substitution", "Can dogs eat raw onions?", "Can dogs eat ripe grapes?",
         "veto_substitution"},
        {"SynonymIsNone", "List the benefits of tea", "List the advantages of tea", ""},
        {"Polite", "Hi! Could you please tell me why the sky is blue? Thanks!",
         "Why is the sky blue?", ""},
        {"PoliteCapital", "Hey, Which bird is this?", "Which bird is this?", ""},
        {"Swapped", "Why is the universe expanding?", "Why is the unievrse expanding?", ""},
        {"SwappedInAName", "Where is Budapest?", "Where is Budapset?", ""},
        {"Dropped", "Explain photosynthesis", "Explain photosynthsis", ""},
        {"Doubled", "Change my address", "Change my adress", ""},
        {"MisspeltNegation", "Cook rice without salt", "Cook rice wihtout salt", ""},
        {"LastLetterTells", "Rights of an employer here", "Rights of an employee here",
         "veto_antonym"},
        {"Empty", "", "", ""},
        {"EmptyAndNot", "", "Why?", ""},
    }),
    NameOf);

TEST(VetoTest, WithoutTheRuleOnSubstitutionsOtherThingsMayShare) {
  EXPECT_EQ(
      VetoOf("Can dogs eat raw onions?", "Can dogs eat ripe grapes?", {.substitution = false}), "");
}

TEST(VetoTest, AVocabularyTellsSlipsInShortWords) {
  const auto vocabulary =
      StemWeights::Parse(R"({"": 9, "port": 3, "ship": 3, "sour": 3, "soup": 3})");
  ASSERT_TRUE(vocabulary.ok());
  const VetoRules rules = {.vocabulary = &*vocabulary};
  EXPECT_EQ(VetoOf("Is the port deep?", "Is the poet deep?", {}), "veto_substitution");
  EXPECT_EQ(VetoOf("Is the port deep?", "Is the poet deep?", rules), "");
  EXPECT_EQ(VetoOf("Is the ship deep?", "Is the shp deep?", rules), "veto_substitution");
  EXPECT_EQ(VetoOf("Is it soup or tea?", "Is it sour or tea?", rules), "veto_substitution");
}

TEST(VetoTest, WhatIsTooLongIsLeftToEquality) {
  const std::string text(kMaxQuestionBytes + 1, 'a');
  EXPECT_EQ(VetoOf(text, text), "veto_length");
  EXPECT_EQ(VetoOf(text, "a"), "veto_length");
  const std::string longest(kMaxQuestionBytes, 'a');
  EXPECT_EQ(VetoOf(longest, longest), "");
}

TEST(VetoTest, EveryTextMayShareWithItselfInOtherCase) {
  constexpr auto kPieces = std::to_array<std::string_view>(
      {"turn", " ",      "off",   "on ",    "7",    "-",      "'s ",   "not ",   "\"",
       ".",    "/",      "from ", "to ",    "km",   "$",      "%",     "twenty", "two ",
       "W",    "_",      "one ",  "\u2019", "'",    "more ",  "than ", "::",     ",",
       "\xff", "\u00c9", "! ",    "a b ",   "x1y ", "March ", "1st "});
  std::mt19937 random(5);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (size_t left = random() % 30; left > 0; --left) text += kPieces[random() % kPieces.size()];
    EXPECT_EQ(VetoOf(text, text), "") << text;
    EXPECT_EQ(VetoOf(text, text + " Thanks!"), VetoOf(text + " Thanks!", text)) << text;
  }
}

TEST(VetoTest, AnyBytesWillDo) {
  for (int first = 0; first < 256; ++first) {
    for (const char second : {'\'', '"', '.', '-', '%', '\xC3', '\xE2', '9'}) {
      const std::string odd = {static_cast<char>(first), second, static_cast<char>(first), second};
      EXPECT_EQ(VetoOf(odd, odd), "") << first << second;
    }
  }
}

}  // namespace
}  // namespace weir::cache

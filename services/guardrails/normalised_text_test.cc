#include "services/guardrails/normalised_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/text/utf8.h"

namespace weir::guardrails {
namespace {

struct Case {
  std::string_view name, raw, read;
};
class NormalisedTextTest : public ::testing::TestWithParam<Case> {};

TEST_P(NormalisedTextTest, IsReadAsItLooks) {
  const NormalisedText text(GetParam().raw);
  EXPECT_EQ(text.text(), GetParam().read);
  EXPECT_EQ(text.is_verbatim(), GetParam().raw == GetParam().read);
}
INSTANTIATE_TEST_SUITE_P(Texts, NormalisedTextTest,
                         ::testing::ValuesIn<Case>({
                             {"Ascii", "plain text", "plain text"},
                             {"Empty", "", ""},
                             {"Latin", "Jürgen Łódź", "Jürgen Łódź"},
                             {"Han", "我的邮箱", "我的邮箱"},
                             {"Fullwidth", "ａｎｎ＠ｂ．ｉｏ", "ann@b.io"},
                             {"Mathematical", "\U0001d400\U0001d7cf", "A1"},
                             {"Circled", "①ⓐ", "1a"},
                             {"OfSeveralLetters", "oﬃce ⑽", "oﬃce ⑽"},
                             {"ArabicDigits", "٠١٢ ۳۴", "012 34"},
                             {"OtherDigits", "१२ ๓", "12 3"},
                             {"Raised", "10²", "10²"},
                             {"Blanks", "a\u00a0b\u3000c", "a b c"},
                             {"Dashes", "555‑0147–1−2", "555-0147-1-2"},
                             {"Invisible", "4\u200b1\u00ad1\u2060", "411"},
                             {"TooManyInvisible", "a\u200b\u200b\u200bb",
                              "a\x01"
                              "b"},
                             {"Tags", "a\U000e0041", "a"},
                             {"MarksOnAscii", "a\u0336b\u0301", "ab"},
                             {"MarksOnOthers", "я\u0301", "я\u0301"},
                             {"CyrillicInALatinWord", "exаmple", "example"},
                             {"CyrillicWord", "привет мир", "привет мир"},
                             {"CyrillicFirst", "аnn", "аnn"},
                             {"NotUtf8", "a\xff\u200bb\xc3",
                              "a\xff"
                              "b\xc3"},
                         }),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(NormalisedTextPlaceTest, SaysWhereInTheGivenText) {
  const NormalisedText text("a\u200b４２b");  // a, 3 bytes, 3 bytes, 3 bytes, b.
  ASSERT_EQ(text.text(), "a42b");
  EXPECT_EQ(text.RawBegin(0), 0U);
  EXPECT_EQ(text.RawEnd(1), 1U);
  EXPECT_EQ(text.RawBegin(1), 4U);
  EXPECT_EQ(text.RawEnd(2), 7U);
  EXPECT_EQ(text.RawBegin(3), 10U);
  EXPECT_EQ(text.RawEnd(4), 11U);
  EXPECT_EQ(text.RawBegin(4), 11U);
  EXPECT_EQ(text.ReadEnd(1, 3), 2U);
  EXPECT_EQ(text.ReadEnd(1, 5), 2U);
  EXPECT_EQ(text.ReadEnd(1, 6), 3U);
  EXPECT_EQ(text.ReadEnd(0, 100), 4U);
}

RC_GTEST_PROP(NormalisedTextProperty, PlacesGoUpAndPiecesAreReadAsTheWhole, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "1", " ", "é", "４", "\u200b", "\u0301", "а", "⑽", "\xff", "谢", "\U000e0041"));
  std::string raw;
  for (const std::string& each : pieces) raw += each;
  const NormalisedText whole(raw);
  const std::string_view read = whole.text();
  for (size_t at = 0; at < read.size(); ++at) {
    RC_ASSERT(whole.RawBegin(at) <= whole.RawEnd(at + 1));
    RC_ASSERT(whole.RawEnd(at) <= whole.RawBegin(at));
  }
  // What is read up to a place does not depend on what follows; nor the rest, but on its last byte.
  const auto at = *rc::gen::inRange<size_t>(0, read.size() + 1);
  const size_t cut = whole.RawEnd(at);
  const NormalisedText front(std::string_view(raw).substr(0, cut));
  if (whole.RawEnd(at) < whole.RawBegin(at) || whole.is_verbatim()) return;
  const size_t begin = front.text().size();
  const NormalisedText rest(std::string_view(raw).substr(cut), begin > 0 ? read[begin - 1] : '\0');
  RC_ASSERT(std::string(front.text()) + std::string(rest.text()) == read);
}

}  // namespace
}  // namespace weir::guardrails

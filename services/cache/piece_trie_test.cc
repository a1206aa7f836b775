#include "services/cache/piece_trie.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <vector>

namespace weir::cache {
namespace {

TEST(PieceTrieTest, FindsTheLongest) {
  const PieceTrie trie({{"a", 1}, {"abc", 2}, {"b", 3}, {"abd", 4}});
  EXPECT_EQ(trie.LongestPrefix("abcd").size, 3U);
  EXPECT_EQ(trie.LongestPrefix("abcd").id, 2U);
  EXPECT_EQ(trie.LongestPrefix("abd").id, 4U);
  EXPECT_EQ(trie.LongestPrefix("abx").size, 1U);
  EXPECT_EQ(trie.LongestPrefix("abx").id, 1U);
}

TEST(PieceTrieTest, NoPieceIsAPrefix) {
  const PieceTrie trie({{"ab", 1}});
  EXPECT_EQ(trie.LongestPrefix("").size, 0U);
  EXPECT_EQ(trie.LongestPrefix("a").size, 0U);
  EXPECT_EQ(trie.LongestPrefix("b").size, 0U);
  EXPECT_EQ(PieceTrie({}).LongestPrefix("a").size, 0U);
}

TEST(PieceTrieTest, TakesAnyBytes) {
  const std::string zeros(3, '\0');
  const PieceTrie trie({{zeros, 7}, {"\xff\xfe", 8}});
  EXPECT_EQ(trie.LongestPrefix(zeros + "x").id, 7U);
  EXPECT_EQ(trie.LongestPrefix(zeros.substr(1)).size, 0U);
  EXPECT_EQ(trie.LongestPrefix("\xff\xfe\xff").id, 8U);
}

TEST(PieceTrieTest, TakesAPieceLongerThanAStackIsDeep) {
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(PieceTrie({{text, 1}}).LongestPrefix(text).size, text.size());
}

// A few letters, so that pieces share beginnings.
rc::Gen<std::string> ShortText() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\xff\0", 4)));
}

PieceTrie::Match Slowly(const std::map<std::string, uint32_t>& pieces, std::string_view text) {
  for (size_t size = text.size(); size > 0; --size) {
    const auto found = pieces.find(std::string(text.substr(0, size)));
    if (found != pieces.end()) return {size, found->second};
  }
  return {};
}

TEST(PieceTrieTest, AgreesWithTryingEveryPrefix) {
  EXPECT_TRUE(rc::check([] {
    std::map<std::string, uint32_t> pieces;
    for (const std::string& each : *rc::gen::container<std::vector<std::string>>(ShortText())) {
      if (!each.empty()) pieces.emplace(each, pieces.size());
    }
    std::vector<PieceTrie::Piece> list;
    for (const auto& [text, id] : pieces) list.push_back({text, id});
    const PieceTrie trie(list);
    const std::string text = *ShortText();
    RC_ASSERT(trie.LongestPrefix(text).size == Slowly(pieces, text).size);
    RC_ASSERT(trie.LongestPrefix(text).id == Slowly(pieces, text).id);
  }));
}

}  // namespace
}  // namespace weir::cache

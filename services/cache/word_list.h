#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

namespace weir::cache {

// Lists of words are written as one text with spaces between them, for a reader; these take it
// apart. Views point into `text`.
inline std::vector<std::string_view> WordList(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    if (end != 0) words.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

using WordSet = std::unordered_set<std::string_view>;

inline WordSet WordSetOf(std::string_view text) {
  const std::vector<std::string_view> words = WordList(text);
  return WordSet(words.begin(), words.end());
}

}  // namespace weir::cache

#include "tests/mock_upstream/words.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::mock {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Calls `each(end)` for every word's end, until it returns false.
template <typename Each>
void ForEachWord(std::string_view text, Each each) {
  for (size_t at = 0; at < text.size();) {
    while (at < text.size() && IsSpace(text[at])) ++at;
    if (at == text.size()) return;
    while (at < text.size() && !IsSpace(text[at])) ++at;
    if (!each(at)) return;
  }
}

std::vector<size_t> WordEnds(std::string_view text) {
  std::vector<size_t> ends;
  ForEachWord(text, [&](size_t end) {
    ends.push_back(end);
    return true;
  });
  if (!ends.empty()) ends.back() = text.size();  // White space at the end belongs to the last word.
  return ends;
}

std::vector<size_t> CharacterEnds(std::string_view text) {
  std::vector<size_t> ends;
  for (size_t at = 1; at <= text.size(); ++at) {
    if (at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) {
      ends.push_back(at);
    }
  }
  return ends;
}

}  // namespace

int64_t CountWords(std::string_view text) {
  int64_t count = 0;
  ForEachWord(text, [&](size_t) { return ++count > 0; });
  return count;
}

std::string_view FirstWords(std::string_view text, int64_t limit) {
  if (limit <= 0) return {};
  size_t cut = text.size();
  int64_t count = 0;
  ForEachWord(text, [&](size_t end) {
    if (++count > limit) return false;
    cut = end;
    return true;
  });
  return count > limit ? text.substr(0, cut) : text;
}

std::string NumberedWords(int64_t count) {
  std::string text;
  for (int64_t i = 1; i <= count; ++i) {
    fmt::format_to(std::back_inserter(text), "{}word{}", i == 1 ? "" : " ", i);
  }
  return text;
}

std::vector<std::string_view> SplitIntoFrames(std::string_view text,
                                              std::optional<int64_t> frames) {
  std::vector<size_t> ends = WordEnds(text);
  if (ends.empty()) return {};
  size_t count = frames ? static_cast<size_t>(*frames) : ends.size();
  if (count > ends.size()) ends = CharacterEnds(text);
  count = std::clamp<size_t>(count, 1, ends.size());

  std::vector<std::string_view> pieces;
  pieces.reserve(count);
  size_t from = 0;
  for (size_t i = 1; i <= count; ++i) {
    const size_t end = ends[ends.size() * i / count - 1];
    pieces.push_back(text.substr(from, end - from));
    from = end;
  }
  return pieces;
}

}  // namespace weir::mock

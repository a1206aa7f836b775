#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A word is what stands between ASCII white space; here a word is a token.
namespace weir::mock {

int64_t CountWords(std::string_view text);

// The first `limit` words of `text`, white space between them kept.
std::string_view FirstWords(std::string_view text, int64_t limit);

// "word1 word2 ... wordN".
std::string NumberedWords(int64_t count);

// Cuts `text` into pieces that join to `text`: one a word (with the white space before it), or
// `frames` about equal ones. More frames than words cut between characters, so there are never more
// pieces than characters. Text without a word has no piece.
std::vector<std::string_view> SplitIntoFrames(std::string_view text, std::optional<int64_t> frames);

}  // namespace weir::mock

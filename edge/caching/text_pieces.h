#pragma once

#include <string_view>
#include <vector>

namespace weir::edge {

// A text in pieces of some words each, as a model would have sent it: each ends before a space
// where one comes soon enough, none inside of a character (of valid UTF-8). Longer texts have
// longer pieces: there are at most 600 of them. Empty: no piece.
std::vector<std::string_view> TextPieces(std::string_view text);

}  // namespace weir::edge

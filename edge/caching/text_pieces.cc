#include "edge/caching/text_pieces.h"

#include <algorithm>

#include "common/text/utf8.h"

namespace weir::edge {
namespace {

constexpr size_t kLeast = 24;
constexpr size_t kMost = 256;  // Pieces of kLeast, where a space comes at once.

}  // namespace

std::vector<std::string_view> TextPieces(std::string_view text) {
  std::vector<std::string_view> pieces;
  const size_t least = std::max(kLeast, text.size() / kMost);
  while (text.size() > least) {
    // Before a space that comes within as much again; else wherever a character ends.
    const size_t space = text.substr(0, 2 * least).find(' ', least - 1);
    const size_t size = space != std::string_view::npos
                            ? space
                            : std::max<size_t>(1, text::Utf8Prefix(text, least).size());
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  if (!text.empty()) pieces.push_back(text);
  return pieces;
}

}  // namespace weir::edge

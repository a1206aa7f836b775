#pragma once

#include <string_view>
#include <vector>

namespace weir::config {

// The candidate, of which it is a view, that `word` is likely to mean but for a typing mistake;
// empty where none is near (a third of its length), and for words of one or two letters.
std::string_view Closest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace weir::config

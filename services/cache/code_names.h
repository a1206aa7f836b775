#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::cache {

// The names in a text, in lower case, as they come and as often: words that begin with a capital
// but for the first one of the text, tokens written like code (snake_case, camelCase, a/path,
// file.txt, 2fa), and what stands between double quotes.
//
// A part of the features: the trees were trained on exactly this.
std::vector<std::string> CodeNames(std::string_view text);

}  // namespace weir::cache

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace weir::sql {

// The end of the quoted text or comment that begins at `begin`; `begin` itself where none does.
size_t SkipQuoted(std::string_view text, size_t begin);

// The statements of `text`, which semicolons separate; none that has comments alone.
std::vector<std::string_view> SplitStatements(std::string_view text);

}  // namespace weir::sql

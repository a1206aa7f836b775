#pragma once

#include <cstddef>

namespace weir::process {

// Takes the code that only the start needed (parsers of configuration, library initialisation) out
// of the process's resident set: unmaps the pages of all loaded code, and those that are still run
// come back one by one, from the page cache, without a read. Half of what an idle gateway shows as
// resident was such code. Call it once, after the start. Returns the bytes of code that were
// offered.
size_t DropStartupPages();

}  // namespace weir::process

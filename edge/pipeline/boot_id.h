#pragma once

#include <string>

namespace weir::edge {

// Names the time from a start of this machine to its end (Linux's boot_id); empty where that is not
// known.
std::string BootId();

}  // namespace weir::edge

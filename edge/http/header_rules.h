#pragma once

#include <string_view>

// What a header may be, and which ones stay on this side. Pure functions, in one place for all who
// check: clients' requests, the configuration, providers' credentials.
namespace weir::edge {

// A token (RFC 9110, 5.6.2): what header names and methods are.
bool IsToken(std::string_view text);
// Without control characters but tab: nothing that could end the line.
bool IsHeaderValue(std::string_view value);

// Never goes upstream with a client's request, whatever an operator lists: credentials, what
// belongs to one connection or frames a message, and what weir says itself. Names compare without
// case.
bool IsNeverForwarded(std::string_view name);

}  // namespace weir::edge

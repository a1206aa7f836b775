#pragma once

#include <cstdint>
#include <string>

#include "common/config/reader.h"

namespace weir::config {

// Reads `address`, an IP address with its port ("127.0.0.1:8080", "[::]:8443", "localhost:8080")
// into `host` and `port`. Where it is not required, they are the default.
void ReadEndpoint(Reader& reader, bool required, std::string* host, uint16_t* port);

}  // namespace weir::config

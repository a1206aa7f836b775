#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cache {

// A safetensors file whose length says `length`.
inline std::string SafetensorsFile(uint64_t length, std::string_view header,
                                   std::string_view data) {
  std::string file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(length >> (8 * i)));
  file += header;
  file += data;
  return file;
}

inline std::string SafetensorsFile(std::string_view header, std::string_view data) {
  return SafetensorsFile(header.size(), header, data);
}

}  // namespace weir::cache

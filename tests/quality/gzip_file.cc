#include "tests/quality/gzip_file.h"

#include <zlib.h>

#include <array>
#include <memory>

namespace weir::quality {

// zlib reads what is not gzipped as it is.
absl::StatusOr<std::string> ReadGzipFile(const std::string& path) {
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return status::InvalidArgument("{} cannot be opened", path);
  std::string all;
  std::array<char, 1 << 16> part;
  int size = 0;
  while ((size = gzread(file.get(), part.data(), part.size())) > 0) {
    all.append(part.data(), static_cast<size_t>(size));
  }
  if (size < 0) return status::InvalidArgument("{} cannot be read to its end", path);
  return all;
}

}  // namespace weir::quality

#include "common/rpc/pem_file.h"

#include <fstream>

#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

constexpr std::streamsize kMaxBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::string> ReadPemFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(kMaxBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  const std::streamsize bytes = file.gcount();
  if (bytes <= 0 || bytes > kMaxBytes) {
    return status::InvalidArgument("TLS file '{}' is unreadable, empty or over 1 MiB",
                                   text::Excerpt(path, 256));
  }
  content.resize(static_cast<size_t>(bytes));
  return content;
}

}  // namespace weir::rpc

#include "common/process/private_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace weir::process {

absl::Status MakePrivateDirectory(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return status::Unavailable("making the directory '{}': {}", path, error.message());
  if (made && ::chmod(path.c_str(), 0700) != 0) {
    return status::Unavailable("making the directory '{}' private: {}", path, std::strerror(errno));
  }
  return absl::OkStatus();
}

}  // namespace weir::process

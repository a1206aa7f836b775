#include "services/cache/file_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/text/excerpt.h"

namespace weir::cache {
namespace {

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Failed(const std::string& path, int error) {
  const std::string reason = std::generic_category().message(error);
  const std::string shown = text::Excerpt(path, 256);
  if (error == ENOENT) return status::NotFound("reading '{}': {}", shown, reason);
  return status::InvalidArgument("reading '{}': {}", shown, reason);
}

absl::StatusOr<size_t> SizeOf(const File& file, const std::string& path, size_t max_bytes) {
  struct stat found = {};
  if (::fstat(file.fd(), &found) != 0) return Failed(path, errno);
  const std::string shown = text::Excerpt(path, 256);
  if (!S_ISREG(found.st_mode)) return status::InvalidArgument("'{}' is no regular file", shown);
  const size_t size = static_cast<size_t>(found.st_size);
  if (size == 0 || size > max_bytes) {
    return status::InvalidArgument("'{}' has {} bytes, want 1 to {}", shown, size, max_bytes);
  }
  return size;
}

}  // namespace

absl::StatusOr<FileMapping> FileMapping::Open(const std::string& path, size_t max_bytes) {
  const File file(path);
  if (file.fd() < 0) return Failed(path, errno);
  WEIR_ASSIGN_OR_RETURN(const size_t size, SizeOf(file, path, max_bytes));
  // Populated: the first requests shall not wait for the disk.
  void* const data =
      ::mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, file.fd(), /*offset=*/0);
  if (data == MAP_FAILED) return Failed(path, errno);
  return FileMapping(static_cast<const char*>(data), size);
}

FileMapping::FileMapping(FileMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

FileMapping& FileMapping::operator=(FileMapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FileMapping::~FileMapping() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace weir::cache

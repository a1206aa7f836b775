// The one place of this folder that opens a file.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "common/config/yaml.h"
#include "common/text/excerpt.h"

namespace weir::config {
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

absl::Status CannotRead(const std::string& path, int error) {
  const std::string reason = std::generic_category().message(error);
  if (error == ENOENT)
    return status::NotFound("reading '{}': {}", text::Excerpt(path, 256), reason);
  return status::InvalidArgument("reading '{}': {}", text::Excerpt(path, 256), reason);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  const File file(path);
  if (file.fd() < 0) return CannotRead(path, errno);
  std::string text;
  char some[16 << 10];
  for (;;) {
    const ssize_t size = ::read(file.fd(), some, sizeof(some));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return CannotRead(path, errno);
    if (size == 0) return text;
    text.append(some, static_cast<size_t>(size));
    if (text.size() > max_bytes) {
      return status::InvalidArgument("reading '{}': has more than {} bytes",
                                     text::Excerpt(path, 256), max_bytes);
    }
  }
}

}  // namespace weir::config

#include "common/crypto/secret_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace weir::crypto {
namespace {

constexpr size_t kMaxBytes = 4096;

std::string Why() { return std::generic_category().message(errno); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// The file's size.
absl::StatusOr<size_t> CheckMode(int fd, const std::string& path) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return status::Unavailable("reading {}: {}", path, Why());
  if (!S_ISREG(info.st_mode)) return status::FailedPrecondition("{} is not a file", path);
  if ((info.st_mode & 077) != 0) {
    return status::FailedPrecondition("{} has mode {:04o}, want 0600: others may read the secret",
                                      path, info.st_mode & 07777);
  }
  return static_cast<size_t>(info.st_size);
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(written);
  }
  return true;
}

void SyncFolder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  Descriptor opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() >= 0) ::fsync(opened.get());
}

// Whether `path` still names the open file.
bool IsStill(int fd, const std::string& path) {
  struct stat opened = {};
  struct stat named = {};
  return ::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

absl::Status WriteTemporary(const std::string& path, std::string_view text) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return status::Unavailable("creating {}: {}", path, Why());
  if (!WriteAll(file.get(), text) || ::fsync(file.get()) != 0) {
    return status::Unavailable("writing {}: {}", path, Why());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadSecretBytes(const std::string& path, size_t max_bytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return status::NotFound("{} does not exist", path);
    return status::Unavailable("reading {}: {}", path, Why());
  }
  WEIR_ASSIGN_OR_RETURN(const size_t found, CheckMode(file.get(), path));
  // One byte more than there should be shows that there is more.
  std::string bytes(std::min(found, max_bytes) + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return status::Unavailable("reading {}: {}", path, Why());
    if (got == 0) break;
    size += got;
  }
  if (size > max_bytes) {
    return status::FailedPrecondition("{} is too long, want at most {} bytes", path, max_bytes);
  }
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(std::string text, ReadSecretBytes(path, kMaxBytes));
  text.resize(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

absl::Status ReplaceSecretFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".new";
  Descriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (file.get() < 0) return status::Unavailable("creating {}: {}", temporary, Why());
  // Whoever holds the lock of the file that has this name alone writes; its name changes last.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !IsStill(file.get(), temporary)) {
    return status::Aborted("replacing {}: somebody else does it now", path);
  }
  const bool written = ::fchmod(file.get(), 0600) == 0 && ::ftruncate(file.get(), 0) == 0 &&
                       WriteAll(file.get(), bytes) && ::fsync(file.get()) == 0 &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const absl::Status failed = status::Unavailable("replacing {}: {}", path, Why());
    ::unlink(temporary.c_str());
    return failed;
  }
  SyncFolder(path);
  return absl::OkStatus();
}

absl::Status WriteNewSecretFile(const std::string& path, std::string_view text) {
  // A name per process and call; left over only where the process died between two of these steps.
  const std::string temporary = fmt::format("{}.new.{}.{}", path, ::getpid(), ::gettid());
  ::unlink(temporary.c_str());
  const absl::Status written = WriteTemporary(temporary, fmt::format("{}\n", text));
  // link, not rename: of two processes that start together one wins, and the other reads its file.
  const bool linked = written.ok() && ::link(temporary.c_str(), path.c_str()) == 0;
  const int error = errno;
  ::unlink(temporary.c_str());
  WEIR_RETURN_IF_ERROR(written);
  if (!linked && error == EEXIST) return status::AlreadyExists("{} exists", path);
  if (!linked) {
    return status::Unavailable("creating {}: {}", path, std::generic_category().message(error));
  }
  SyncFolder(path);
  return absl::OkStatus();
}

}  // namespace weir::crypto

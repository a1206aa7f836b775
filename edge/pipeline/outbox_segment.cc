#include "edge/pipeline/outbox_segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace weir::edge {
namespace {

// That of a frame, at its beginning.
using Length = uint32_t;
static_assert(sizeof(Length) == OutboxSegment::kEndBytes);

}  // namespace

absl::StatusOr<std::unique_ptr<OutboxSegment>> OutboxSegment::Create(std::string path,
                                                                     uint64_t bytes) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return status::Unavailable("opening '{}': {}", path, std::strerror(errno));
  const auto fail = [&](std::string_view what, int error) {
    ::unlink(path.c_str());
    ::close(file);
    return status::Unavailable("{} '{}': {}", what, path, std::strerror(error));
  };
  int error = EINTR;
  while (error == EINTR) error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (error != 0) return fail("allocating", error);
  void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (base == MAP_FAILED) return fail("mapping", errno);
  return std::unique_ptr<OutboxSegment>(
      new OutboxSegment(std::move(path), file, static_cast<char*>(base), bytes));
}

OutboxSegment::~OutboxSegment() {
  ::munmap(base_, bytes_);
  // What is behind the last frame is no harm where this fails.
  std::ignore = ::ftruncate(file_, static_cast<off_t>(used_));
  ::close(file_);
}

void OutboxSegment::Clear() {
  std::memset(base_, 0, sizeof(Length));
  used_ = 0;
}

absl::Status OutboxSegment::Rename(std::string path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) {
    return status::Unavailable("renaming '{}': {}", path_, std::strerror(errno));
  }
  path_ = std::move(path);
  return absl::OkStatus();
}

bool OutboxSegment::Append(std::string_view frames) {
  if (frames.size() + sizeof(Length) > bytes_ - used_) return false;
  char* const at = base_ + used_;
  std::memset(at + frames.size(), 0, sizeof(Length));
  std::memcpy(at + sizeof(Length), frames.data() + sizeof(Length), frames.size() - sizeof(Length));
  // The first length comes last: until then it is 0, and the file ends there.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memcpy(at, frames.data(), sizeof(Length));
  used_ += frames.size();
  return true;
}

int OutboxSegment::DuplicateFile() const { return ::fcntl(file_, F_DUPFD_CLOEXEC, 0); }

}  // namespace weir::edge

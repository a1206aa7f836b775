#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::edge {

// One file of an outbox, written through a shared mapping: a store is with the kernel as soon as it
// is made, so what was appended outlives kill -9 without a system call. All of the file is
// allocated before, as a store into a hole of a full disk would be a signal. A length of 0 stands
// behind the last frame. Not thread-safe.
class OutboxSegment {
 public:
  // What a file needs beside its frames.
  static constexpr uint64_t kEndBytes = sizeof(uint32_t);

  // A new file of `bytes`, zeros. kUnavailable: it cannot be made, or the disk has no room for it.
  static absl::StatusOr<std::unique_ptr<OutboxSegment>> Create(std::string path, uint64_t bytes);
  // The file stays; what was not used is cut off.
  ~OutboxSegment();
  OutboxSegment(const OutboxSegment&) = delete;
  OutboxSegment& operator=(const OutboxSegment&) = delete;

  // Forgets all frames. To be used again: the first store into each page of a new file costs as
  // much as a request.
  void Clear();
  // kUnavailable: as it was.
  absl::Status Rename(std::string path);

  // `frames`: one or more as AppendFrame makes them. False: there is no room, and nothing was
  // written. A process that is killed in between leaves all of them or none.
  bool Append(std::string_view frames);

  const std::string& path() const { return path_; }
  uint64_t capacity() const { return bytes_; }
  uint64_t used() const { return used_; }
  // Another descriptor of the file, which the caller closes; -1: there is none.
  int DuplicateFile() const;

 private:
  OutboxSegment(std::string path, int file, char* base, uint64_t bytes)
      : path_(std::move(path)), file_(file), base_(base), bytes_(bytes) {}

  std::string path_;
  const int file_;
  char* const base_;
  const uint64_t bytes_;
  uint64_t used_ = 0;
};

}  // namespace weir::edge

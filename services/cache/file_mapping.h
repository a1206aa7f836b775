#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::cache {

// A file's bytes, read-only and shared with whoever else maps it. Who replaces the file must put
// another in its place (rename): a file that is cut short under a mapping ends the process.
class FileMapping {
 public:
  // kNotFound: there is no such file. kInvalidArgument: it is empty, longer than `max_bytes`, no
  // regular file, or cannot be read.
  static absl::StatusOr<FileMapping> Open(const std::string& path, size_t max_bytes);

  FileMapping(FileMapping&& other) noexcept;
  FileMapping& operator=(FileMapping&& other) noexcept;
  ~FileMapping();

  // At the same address until the object's end, also after a move.
  std::string_view bytes() const { return {data_, size_}; }

 private:
  FileMapping(const char* data, size_t size) : data_(data), size_(size) {}

  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace weir::cache

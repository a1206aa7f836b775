#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status/status.h"

// Files that hold a secret: whole or not there, and for their owner alone.
namespace weir::crypto {

// The file's text without white space at its end; at most 4 KiB. kNotFound: no such file.
// kFailedPrecondition: others may read it, or it is too long. kUnavailable: it cannot be read. No
// error shows what is in it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// The same of a larger file, byte for byte, with at most `max_bytes` in it.
absl::StatusOr<std::string> ReadSecretBytes(const std::string& path, size_t max_bytes);

// Writes `bytes`, 0600, durably; they take the place of what had this name in one step. Its folder
// must exist. kAborted: somebody else, of any process, is replacing it now. kUnavailable: it cannot
// be written, and what was there still is.
absl::Status ReplaceSecretFile(const std::string& path, std::string_view bytes);

// Writes `text` and a newline, 0600, durably; appears under its name in one step. Its folder must
// exist. kAlreadyExists: there is a file, which is left alone. kUnavailable: it cannot be written.
absl::Status WriteNewSecretFile(const std::string& path, std::string_view text);

}  // namespace weir::crypto

#pragma once

#include <string>
#include <string_view>

#include "common/config/environment.h"
#include "common/status/status.h"

namespace weir::apply {

// Where `{fromEnv: NAME}` and `{fromFile: PATH}` are looked up. Thread-safe.
class SecretSource {
 public:
  // The environment is the caller's to read: only a main does.
  explicit SecretSource(config::Environment environment);

  // kNotFound: the variable is not set or empty.
  absl::StatusOr<std::string> FromEnv(const std::string& name) const;

  // The file's text without a newline at its end; at most 64 KiB. A relative path starts at
  // `folder`. kNotFound: there is none. kInvalidArgument: it is empty, too large or unreadable.
  absl::StatusOr<std::string> FromFile(const std::string& path, std::string_view folder) const;

 private:
  const config::Environment environment_;
};

}  // namespace weir::apply

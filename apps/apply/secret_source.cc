#include "apps/apply/secret_source.h"

#include <filesystem>

#include "common/config/yaml.h"
#include "common/text/excerpt.h"

namespace weir::apply {
namespace {

constexpr size_t kMaxBytes = 64 << 10;

}  // namespace

SecretSource::SecretSource(config::Environment environment)
    : environment_(std::move(environment)) {}

absl::StatusOr<std::string> SecretSource::FromEnv(const std::string& name) const {
  auto found = environment_.find(name);
  if (found == environment_.end() || found->second.empty()) {
    return status::NotFound("names the variable '{}', which is not set", text::Excerpt(name));
  }
  return found->second;
}

absl::StatusOr<std::string> SecretSource::FromFile(const std::string& path,
                                                   std::string_view folder) const {
  // An absolute path stays as it is.
  const std::filesystem::path whole = std::filesystem::path(folder) / path;
  WEIR_ASSIGN_OR_RETURN(std::string text, config::ReadFile(whole.string(), kMaxBytes));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) {
    return status::InvalidArgument("names the file '{}', which is empty", text::Excerpt(path, 256));
  }
  return text;
}

}  // namespace weir::apply

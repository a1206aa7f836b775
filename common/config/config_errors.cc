#include "common/config/config_errors.h"

#include "common/text/parse.h"

namespace weir::config {

void ConfigErrors::Append(std::string_view error) {
  if (!text_.empty()) text_ += kBetweenErrors;
  text_ += error;
}

void ConfigErrors::Add(std::string_view key, std::string_view text) {
  Append(section_.empty() ? fmt::format("{} {}", key, text)
                          : fmt::format("{}.{} {}", section_, key, text));
}

void ConfigErrors::InRange(std::string_view key, Duration value, Duration min, Duration max) {
  if (value >= min && value <= max) return;
  Add(key, fmt::format("is {}, want {} to {}", text::FormatDuration(value),
                       text::FormatDuration(min), text::FormatDuration(max)));
}

void ConfigErrors::InRange(std::string_view key, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return;
  Add(key, fmt::format("is {}, want {} to {}", value, min, max));
}

void ConfigErrors::InRange(std::string_view key, double value, double min, double max) {
  if (value >= min && value <= max) return;  // Not true of a NaN.
  Add(key, fmt::format("is {}, want {} to {}", value, min, max));
}

void ConfigErrors::SizeInRange(std::string_view key, int64_t bytes, int64_t min, int64_t max) {
  if (bytes >= min && bytes <= max) return;
  Add(key, fmt::format("is {}, want {} to {}", text::FormatByteSize(bytes),
                       text::FormatByteSize(min), text::FormatByteSize(max)));
}

void ConfigErrors::NotEmpty(std::string_view key, std::string_view value) {
  if (value.empty()) Add(key, "is empty");
}

void ConfigErrors::Include(const absl::Status& part) {
  if (!part.ok()) Append(status::Message(part));
}

absl::Status ConfigErrors::ToStatus() const {
  return text_.empty() ? absl::OkStatus() : status::InvalidArgument("{}", text_);
}

}  // namespace weir::config

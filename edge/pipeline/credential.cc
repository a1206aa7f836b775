#include "edge/pipeline/credential.h"

#include "common/text/ascii.h"

namespace weir::edge {
namespace {

constexpr std::string_view kKeyHeaders[] = {"x-api-key", "api-key", "api_key", "apikey",
                                            "x-goog-api-key"};

bool IsKeyHeader(std::string_view name, std::string_view own) {
  if (!own.empty() && text::EqualsIgnoreCase(name, own)) return true;
  for (const std::string_view each : kKeyHeaders) {
    if (text::EqualsIgnoreCase(name, each)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string_view> ReadCredential(const RequestHead& head,
                                                std::string_view key_header) {
  std::string_view found;
  for (const auto& field : *head.fields) {
    const std::string_view name(field.name_string().data(), field.name_string().size());
    std::string_view value(field.value().data(), field.value().size());
    const bool own = IsKeyHeader(name, key_header);
    if (field.name() == boost::beast::http::field::authorization) {
      static constexpr std::string_view kBearer = "bearer ";
      if (text::StartsWithIgnoreCase(value, kBearer)) {
        value = text::Trim(value.substr(kBearer.size()));
      } else if (!own) {
        continue;  // Another scheme carries no key of ours.
      }
    } else if (!own) {
      continue;
    }
    if (value.empty()) continue;
    if (!found.empty() && found != value) {
      return status::InvalidArgument("several different credentials came: want exactly one");
    }
    found = value;
  }
  return found;
}

}  // namespace weir::edge

#include "common/redis/reply.h"

#include <algorithm>
#include <array>

#include "common/text/excerpt.h"

namespace weir::redis {
namespace {

constexpr std::array<std::string_view, 8> kPassing = {
    "LOADING", "READONLY", "MASTERDOWN", "OOM", "BUSY", "CLUSTERDOWN", "TRYAGAIN", "MISCONF"};

}  // namespace

absl::Status ErrorOf(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const std::string shown = text::Excerpt(text, 200);
  if (word == "NOSCRIPT") return status::FailedPrecondition("redis: {}", shown);
  if (word == "NOAUTH" || word == "WRONGPASS") return status::Unauthenticated("redis: {}", shown);
  if (word == "NOPERM") return status::PermissionDenied("redis: {}", shown);
  if (std::ranges::find(kPassing, word) != kPassing.end()) {
    return status::Unavailable("redis: {}", shown);
  }
  return status::Internal("redis: {}", shown);
}

bool SaysReadOnly(const Reply& reply) {
  return reply.kind == Reply::Kind::kError && reply.text.starts_with("READONLY");
}

}  // namespace weir::redis

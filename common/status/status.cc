#include "common/status/status.h"

#include <absl/strings/cord.h>
#include <absl/strings/string_view.h>

namespace weir::status {
namespace {

absl::string_view Borrow(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::Status Make(absl::StatusCode code, std::string_view message) {
  return absl::Status(code, Borrow(message));
}

std::string_view Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

absl::Status Prefixed(const absl::Status& status, std::string_view doing) {
  if (status.ok()) return status;
  absl::Status prefixed = Make(status.code(), fmt::format("{}: {}", doing, Message(status)));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    prefixed.SetPayload(type, payload);
  });
  return prefixed;
}

}  // namespace weir::status

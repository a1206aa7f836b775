#pragma once

#include <absl/strings/cord.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>

#include "common/status/status.h"

// Typed error details: what a caller acts on (which limit, when to retry, which field), as a proto
// message beside the text.
namespace weir::status {

inline std::string DetailType(const google::protobuf::Descriptor* descriptor) {
  return "type.googleapis.com/" + descriptor->full_name();
}

// `status` carrying `detail`; replaces a detail of the same type. OK stays OK, without it.
inline absl::Status WithDetail(absl::Status status, const google::protobuf::Message& detail) {
  if (!status.ok()) {
    const std::string bytes = detail.SerializeAsString();
    // By reference: the constructor for temporaries has another mangled name in clang than in
    // Debian's library.
    status.SetPayload(DetailType(detail.GetDescriptor()), absl::Cord(bytes));
  }
  return status;
}

// The detail of type T; none where absent or malformed.
template <typename T>
std::optional<T> Detail(const absl::Status& status) {
  auto payload = status.GetPayload(DetailType(T::descriptor()));
  T detail;
  if (!payload || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

// Calls `visit(std::string type, std::string bytes)` with every detail: "weir.common.v1.BadFields"
// and its encoded message.
template <typename Visit>
void ForEachDetail(const absl::Status& status, Visit visit) {
  status.ForEachPayload([&visit](const auto& url, const absl::Cord& payload) {
    const std::string whole(url.data(), url.size());
    visit(whole.substr(whole.rfind('/') + 1), std::string(payload));
  });
}

}  // namespace weir::status

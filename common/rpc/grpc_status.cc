#include "common/rpc/grpc_status.h"

#include <absl/strings/cord.h>
#include <absl/strings/string_view.h>

#include "google/rpc/status.pb.h"

namespace weir::rpc {
namespace {

constexpr size_t kMaxMessageBytes = 1536;
constexpr size_t kMaxDetailBytes = 3072;

std::string Cut(std::string_view message) {
  if (message.size() <= kMaxMessageBytes) return std::string(message);
  size_t end = kMaxMessageBytes;
  // Not in the middle of a character: continuation bytes are 10xxxxxx.
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
  return std::string(message.substr(0, end)) + "...";
}

void AddDetails(const absl::Status& status, google::rpc::Status& out) {
  size_t used = 0;
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    used += type.size() + payload.size();
    if (used > kMaxDetailBytes) return;
    auto* detail = out.add_details();
    detail->set_type_url(std::string(type));
    detail->set_value(std::string(payload));
  });
}

}  // namespace

google::rpc::Status ToRich(const absl::Status& status) {
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(Cut(status::Message(status)));
  AddDetails(status, rich);
  return rich;
}

absl::Status FromRich(const google::rpc::Status& rich) {
  absl::Status status = status::Make(static_cast<absl::StatusCode>(rich.code()), rich.message());
  for (const auto& detail : rich.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rich = ToRich(status);
  const auto code = static_cast<grpc::StatusCode>(rich.code());
  if (rich.details().empty()) return grpc::Status(code, rich.message());
  return grpc::Status(code, rich.message(), rich.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  google::rpc::Status rich;
  if (!rich.ParseFromString(status.error_details())) rich.Clear();
  // What the transport says is the word; the details are beside it.
  rich.set_code(status.error_code());
  rich.set_message(status.error_message());
  return FromRich(rich);
}

}  // namespace weir::rpc

#include "edge/admin/connect_error.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "common/status/detail.h"
#include "common/text/base64.h"
#include "common/text/json_escape.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge {
namespace {

namespace pb = google::protobuf;

struct Row {
  absl::StatusCode code;
  std::string_view name;
  int http_status;
};
// The protocol's table.
constexpr Row kRows[] = {
    {absl::StatusCode::kOk, "ok", 200},
    {absl::StatusCode::kCancelled, "canceled", 499},
    {absl::StatusCode::kUnknown, "unknown", 500},
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
    {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
    {absl::StatusCode::kAborted, "aborted", 409},
    {absl::StatusCode::kOutOfRange, "out_of_range", 400},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501},
    {absl::StatusCode::kInternal, "internal", 500},
    {absl::StatusCode::kUnavailable, "unavailable", 503},
    {absl::StatusCode::kDataLoss, "data_loss", 500},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
};

const Row& RowOf(absl::StatusCode code) {
  for (const Row& each : kRows) {
    if (each.code == code) return each;
  }
  return kRows[static_cast<size_t>(absl::StatusCode::kUnknown)];
}

// In JSON, for those who do not decode it; empty where this program does not know the type.
std::string DebugJson(const std::string& type, const std::string& bytes) {
  pb::LinkMessageReflection<common::v1::BadFields>();  // Else nothing links its file.
  const pb::Descriptor* descriptor =
      pb::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return {};
  const std::unique_ptr<pb::Message> message(
      pb::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  std::string json;
  if (!message->ParseFromString(bytes)) return {};
  return pb::util::MessageToJsonString(*message, &json).ok() ? json : "";
}

// The protocol wants no padding.
std::string Unpadded(std::string base64) {
  while (base64.ends_with('=')) base64.pop_back();
  return base64;
}

void AppendDetail(const std::string& type, const std::string& bytes, std::string& body) {
  body += "{\"type\":";
  text::AppendJsonString(body, type);
  body += ",\"value\":";
  text::AppendJsonString(body, Unpadded(text::Base64Encode(bytes)));
  if (const std::string debug = DebugJson(type, bytes); !debug.empty()) {
    body += ",\"debug\":" + debug;
  }
  body += "}";
}

}  // namespace

std::string_view ConnectCode(absl::StatusCode code) { return RowOf(code).name; }

int ConnectHttpStatus(absl::StatusCode code) { return RowOf(code).http_status; }

std::string ConnectErrorBody(const absl::Status& status) {
  std::string body = "{\"code\":";
  text::AppendJsonString(body, ConnectCode(status.code()));
  body += ",\"message\":";
  text::AppendJsonString(body, status::Message(status));
  std::string_view before = ",\"details\":[";
  std::string_view behind;
  status::ForEachDetail(status, [&](const std::string& type, const std::string& bytes) {
    body += before;
    AppendDetail(type, bytes, body);
    before = ",";
    behind = "]";
  });
  body += behind;
  body += "}";
  return body;
}

}  // namespace weir::edge

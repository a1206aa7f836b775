#include "edge/admin/transcode.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>
#include <string_view>

#include "common/text/excerpt.h"

namespace weir::edge {
namespace {

namespace pb = google::protobuf;

// A token or key may be in what the parser repeats: whoever sent it may read it, in bounds.
constexpr size_t kMaxReasonBytes = 400;

std::unique_ptr<pb::Message> NewMessage(const pb::Descriptor& type) {
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

}  // namespace

absl::StatusOr<std::string> JsonToWire(const pb::Descriptor& type, const std::string& json) {
  const std::unique_ptr<pb::Message> message = NewMessage(type);
  // The parser takes some other values for an empty message.
  const size_t first = json.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || json[first] != '{') {
    return status::InvalidArgument("the body is not a {} in JSON: want an object",
                                   type.full_name());
  }
  const auto parsed = pb::util::JsonStringToMessage(json, message.get());
  if (parsed.ok()) return message->SerializeAsString();
  const std::string reason(parsed.message());
  return status::InvalidArgument("the body is not a {} in JSON: {}", type.full_name(),
                                 text::Excerpt(reason, kMaxReasonBytes));
}

absl::StatusOr<std::string> WireToJson(const pb::Descriptor& type, const std::string& wire) {
  const std::unique_ptr<pb::Message> message = NewMessage(type);
  std::string json;
  if (!message->ParseFromString(wire) || !pb::util::MessageToJsonString(*message, &json).ok()) {
    return status::DataLoss("{} bytes of the answer are not a {}", wire.size(), type.full_name());
  }
  return json;
}

}  // namespace weir::edge

#include "apps/apply/scalar_json.h"

#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <limits>
#include <vector>

#include "common/text/json_escape.h"
#include "common/text/parse.h"

namespace weir::apply {
namespace {

namespace pb = google::protobuf;
using Type = pb::FieldDescriptor;

constexpr std::string_view kDuration = "google.protobuf.Duration";
constexpr std::string_view kTimestamp = "google.protobuf.Timestamp";

std::string JsonString(std::string_view text) {
  std::string out;
  text::AppendJsonString(out, text);
  return out;
}

std::optional<std::string> Integer(std::string_view text, int64_t least, int64_t most) {
  const std::optional<int64_t> number = text::ParseInt64(text);
  if (!number || *number < least || *number > most) return std::nullopt;
  return fmt::format("\"{}\"", *number);
}

std::optional<std::string> Unsigned(std::string_view text, uint64_t most) {
  const std::optional<uint64_t> number = text::ParseUint64(text);
  if (!number || *number > most) return std::nullopt;
  return fmt::format("\"{}\"", *number);
}

std::optional<std::string> Enum(const pb::EnumDescriptor& type, std::string_view text) {
  if (type.FindValueByName(std::string(text)) == nullptr) return std::nullopt;
  return JsonString(text);
}

std::optional<std::string> DurationJson(std::string_view text) {
  const std::optional<Duration> duration = text::ParseDuration(text);
  if (!duration) return std::nullopt;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*duration);
  return fmt::format("\"{}.{:09}s\"", seconds.count(), (*duration - seconds).count());
}

std::optional<std::string> TimestampJson(std::string_view text) {
  pb::Timestamp parsed;
  if (!pb::util::TimeUtil::FromString(std::string(text), &parsed)) return std::nullopt;
  return JsonString(text);
}

std::optional<std::string> WellKnown(const pb::Descriptor& type, std::string_view text) {
  return type.full_name() == kDuration ? DurationJson(text) : TimestampJson(text);
}

std::string EnumNames(const pb::EnumDescriptor& type) {
  std::vector<std::string> names;
  // The zero value means that nothing was said.
  for (int i = 1; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
  return fmt::format("one of {}", fmt::join(names, ", "));
}

}  // namespace

bool IsScalar(const pb::FieldDescriptor& field) {
  if (field.message_type() == nullptr) return true;
  const std::string& type = field.message_type()->full_name();
  return type == kDuration || type == kTimestamp;
}

std::optional<std::string> ScalarToJson(const pb::FieldDescriptor& field, std::string_view text) {
  switch (field.cpp_type()) {
    case Type::CPPTYPE_STRING:
      return JsonString(text);
    case Type::CPPTYPE_BOOL:
      return text::ParseBool(text) ? std::optional(std::string(text)) : std::nullopt;
    case Type::CPPTYPE_INT32:
      return Integer(text, std::numeric_limits<int32_t>::min(),
                     std::numeric_limits<int32_t>::max());
    case Type::CPPTYPE_INT64:
      return Integer(text, std::numeric_limits<int64_t>::min(),
                     std::numeric_limits<int64_t>::max());
    case Type::CPPTYPE_UINT32:
      return Unsigned(text, std::numeric_limits<uint32_t>::max());
    case Type::CPPTYPE_UINT64:
      return Unsigned(text, std::numeric_limits<uint64_t>::max());
    case Type::CPPTYPE_FLOAT:
    case Type::CPPTYPE_DOUBLE:
      return text::ParseDouble(text) ? std::optional(std::string(text)) : std::nullopt;
    case Type::CPPTYPE_ENUM:
      return Enum(*field.enum_type(), text);
    case Type::CPPTYPE_MESSAGE:
      return WellKnown(*field.message_type(), text);
  }
  return std::nullopt;
}

std::string Wanted(const pb::FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case Type::CPPTYPE_STRING:
      return "text";
    case Type::CPPTYPE_BOOL:
      return "true or false";
    case Type::CPPTYPE_INT32:
      return "an integer of at most 32 bits";
    case Type::CPPTYPE_INT64:
      return "an integer";
    case Type::CPPTYPE_UINT32:
      return "an integer from 0 to 4294967295";
    case Type::CPPTYPE_UINT64:
      return "an integer from 0";
    case Type::CPPTYPE_FLOAT:
    case Type::CPPTYPE_DOUBLE:
      return "a number";
    case Type::CPPTYPE_ENUM:
      return EnumNames(*field.enum_type());
    case Type::CPPTYPE_MESSAGE:
      break;
  }
  if (!IsScalar(field)) return "a map";
  return field.message_type()->full_name() == kDuration ? "a duration like '30s' or '1m30s'"
                                                        : "a time like '2025-11-21T10:00:00Z'";
}

}  // namespace weir::apply

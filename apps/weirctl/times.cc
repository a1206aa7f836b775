#include "apps/weirctl/times.h"

#include <google/protobuf/util/time_util.h>

#include "common/text/excerpt.h"
#include "common/text/parse.h"

namespace weir::weirctl {
namespace {

using google::protobuf::util::TimeUtil;

}  // namespace

absl::StatusOr<google::protobuf::Timestamp> ParseTime(std::string_view text, std::string_view what,
                                                      const Clock& clock) {
  google::protobuf::Timestamp time;
  if (TimeUtil::FromString(std::string(text), &time)) return time;
  if (TimeUtil::FromString(fmt::format("{}T00:00:00Z", text), &time)) return time;
  if (const auto ago = text::ParseDuration(text)) {
    return TimeUtil::NanosecondsToTimestamp((clock.Now() - *ago).time_since_epoch().count());
  }
  return status::InvalidArgument(
      "{} is '{}', want a time like 2025-11-21T10:00:00Z, a date, or a duration before now like "
      "24h",
      what, text::Excerpt(text));
}

absl::StatusOr<google::protobuf::Duration> ParseSpan(std::string_view text, std::string_view what) {
  const auto span = text::ParseDuration(text);
  if (!span || *span <= Duration::zero()) {
    return status::InvalidArgument("{} is '{}', want a duration like 30d or 12h", what,
                                   text::Excerpt(text));
  }
  return TimeUtil::NanosecondsToDuration(span->count());
}

std::string ShowTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return TimeUtil::ToString(TimeUtil::SecondsToTimestamp(time.seconds()));
}

std::string ShowSpan(const google::protobuf::Duration& span) {
  return text::FormatDuration(std::chrono::seconds(span.seconds()));
}

}  // namespace weir::weirctl

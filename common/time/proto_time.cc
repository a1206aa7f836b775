#include "common/time/proto_time.h"

namespace weir {
namespace {
constexpr int64_t kNanosPerSecond = 1'000'000'000;
}  // namespace

std::optional<Duration> FromProto(const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int64_t nanos = duration.nanos();
  const bool signs_differ = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
  if (nanos <= -kNanosPerSecond || nanos >= kNanosPerSecond || signs_differ) return std::nullopt;
  int64_t total = 0;
  if (__builtin_mul_overflow(seconds, kNanosPerSecond, &total) ||
      __builtin_add_overflow(total, nanos, &total)) {
    return std::nullopt;
  }
  return Duration(total);
}

google::protobuf::Duration ToProto(Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(duration.count() / kNanosPerSecond);
  proto.set_nanos(static_cast<int32_t>(duration.count() % kNanosPerSecond));
  return proto;
}

google::protobuf::Timestamp ToProto(WallTime time) {
  // Times before 1970 do not occur: a clock gave them.
  const int64_t nanos = time.time_since_epoch().count();
  google::protobuf::Timestamp proto;
  proto.set_seconds(nanos / kNanosPerSecond);
  proto.set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
  return proto;
}

}  // namespace weir

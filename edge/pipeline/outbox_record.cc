#include "edge/pipeline/outbox_record.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

namespace weir::edge {
namespace {

constexpr size_t kHead = 8;
constexpr uint32_t kMaxRecord = 1 << 20;

uint32_t Load(const char* from) {
  uint32_t value = 0;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

uint32_t Checksum(std::string_view payload) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

}  // namespace

void AppendFrame(const edge::v1::OutboxRecord& record, std::string& out) {
  const size_t at = out.size();
  out.resize(at + kHead);
  record.AppendToString(&out);
  const uint32_t length = static_cast<uint32_t>(out.size() - at - kHead);
  const uint32_t checksum = Checksum(std::string_view(out).substr(at + kHead));
  std::memcpy(out.data() + at, &length, sizeof(length));
  std::memcpy(out.data() + at + 4, &checksum, sizeof(checksum));
}

size_t ReadFrames(std::string_view file,
                  const std::function<void(const edge::v1::OutboxRecord&)>& take) {
  edge::v1::OutboxRecord record;
  while (file.size() >= kHead) {
    const uint32_t length = Load(file.data());
    if (length == 0 || length > kMaxRecord || file.size() - kHead < length) break;
    const std::string_view payload = file.substr(kHead, length);
    if (Checksum(payload) != Load(file.data() + 4)) break;
    if (!record.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) break;
    take(record);
    file.remove_prefix(kHead + length);
  }
  return file.size() >= sizeof(uint32_t) && Load(file.data()) == 0 ? 0 : file.size();
}

}  // namespace weir::edge

#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/redis/reply.h"
#include "common/status/status.h"

namespace weir::redis {

// A command as it goes over the wire.
std::string Encode(std::span<const std::string_view> arguments);
inline std::string Encode(std::initializer_list<std::string_view> arguments) {
  return Encode(std::span(arguments.begin(), arguments.size()));
}

// Reads replies from bytes as they come. Bounded: a reply of more than `max_bytes`, or an array of
// more than 65,536 elements, is an error. Not thread-safe.
class Decoder {
 public:
  explicit Decoder(size_t max_bytes);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // kDataLoss: this is no RESP2, or too large; so is everything after it.
  absl::Status Feed(std::string_view bytes);
  // The next whole reply; nothing: more bytes are needed. kDataLoss as above.
  absl::StatusOr<std::optional<Reply>> Next();

 private:
  struct Reader;
  const size_t max_bytes_;
  size_t unread_ = 0;  // Bytes since the last whole reply.
  std::unique_ptr<Reader> reader_;
};

}  // namespace weir::redis

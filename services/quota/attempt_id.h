#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "services/quota/hash.h"
#include "weir/common/v1/attempt.pb.h"

namespace weir::quota {

// The idempotency key in 20 bytes: the 128 bits of the request, and the attempt from 1.
struct AttemptId {
  std::array<char, 16> request{};
  uint32_t attempt = 0;

  bool operator==(const AttemptId&) const = default;
  auto operator<=>(const AttemptId&) const = default;

  // The 16 bytes of `request`.
  std::string RequestBytes() const { return std::string(request.data(), request.size()); }
};

// Nothing where `key` is not 32 lower-case hex digits with an attempt from 1.
std::optional<AttemptId> ParseAttemptId(const common::v1::AttemptKey& key);

// "0123...ef/1", for messages.
std::string AttemptText(const AttemptId& id);

struct AttemptIdHash {
  size_t operator()(const AttemptId& id) const {
    std::array<uint64_t, 2> halves;
    std::memcpy(halves.data(), id.request.data(), sizeof(halves));
    return Mix(halves[0] ^ Mix(halves[1] + id.attempt));
  }
};

}  // namespace weir::quota

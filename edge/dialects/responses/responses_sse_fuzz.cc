// Any bytes are a stream of typed events: however it is split, the same comes out of it, and a wall
// that rises in the end changes nothing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/responses/stream_tee.h"

namespace weir::edge::responses {
namespace {

struct Teed {
  absl::StatusCode code = absl::StatusCode::kOk;
  bool done = false;
  bool failed = false;
  int64_t tokens = 0;
  int64_t usage = -1;
  int64_t next = 0;
  std::string out;
  bool operator==(const Teed&) const = default;
};

// `seed` decides where it is split, and how often the wall stands in the way; 0: nowhere, never.
Teed Tee(std::string_view stream, uint32_t seed) {
  StreamTee tee;
  Teed teed;
  while ((!stream.empty() || tee.at_wall()) && teed.code == absl::StatusCode::kOk && !tee.done()) {
    size_t size = stream.size();
    if (tee.at_wall()) {
      tee.SetWall(tee.cautious_tokens() + 1);
      size = 0;
    } else if (seed != 0) {
      seed = seed * 1664525 + 1013904223;
      tee.SetWall(tee.cautious_tokens() + seed % 2);
      size = std::min<size_t>(size, 1 + (seed >> 16) % (seed % 3 == 0 ? 3 : 60));
    }
    teed.code = tee.Feed(stream.substr(0, size), teed.out).code();
    stream.remove_prefix(size);
  }
  teed.done = tee.done();
  teed.failed = tee.failed();
  teed.tokens = tee.tokens_counted();
  teed.next = tee.next_sequence();
  if (tee.usage()) teed.usage = openai::TotalTokens(*tee.usage());
  if (teed.next < 0) std::abort();
  if (tee.ErrorEvent(R"({"error":{"message":"m"}})").empty()) std::abort();
  return teed;
}

}  // namespace
}  // namespace weir::edge::responses

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::edge::responses::Tee;
  if (size < 3) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 3, size - 3);
  const auto whole = Tee(stream, 0);
  for (int i = 0; i < 3; ++i) {
    if (Tee(stream, data[i] + 1U) != whole) std::abort();
  }
  if (whole.out.size() > stream.size() + 1) std::abort();
  return 0;
}

// Any bytes are a stream: however it is split, the same comes out of it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/dialects/openai/answer_usage.h"
#include "edge/dialects/openai/stream_tee.h"

namespace weir::edge::openai {
namespace {

struct Teed {
  absl::StatusCode code = absl::StatusCode::kOk;
  bool done = false;
  int64_t tokens = 0;
  int64_t usage = -1;
  std::string out;
  bool operator==(const Teed&) const = default;
};

// `seed` decides where it is split; 0: nowhere.
Teed Tee(std::string_view stream, bool strip, uint32_t seed) {
  StreamTee tee({.strip_usage = strip});
  Teed teed;
  while (!stream.empty() && teed.code == absl::StatusCode::kOk && !tee.done()) {
    size_t size = stream.size();
    if (seed != 0) {
      seed = seed * 1664525 + 1013904223;
      size = std::min<size_t>(size, 1 + (seed >> 16) % (seed % 3 == 0 ? 3 : 60));
    }
    teed.code = tee.Feed(stream.substr(0, size), teed.out).code();
    stream.remove_prefix(size);
  }
  teed.done = tee.done();
  teed.tokens = tee.tokens_counted();
  if (tee.usage()) teed.usage = TotalTokens(*tee.usage());
  return teed;
}

}  // namespace
}  // namespace weir::edge::openai

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::edge::openai::Tee;
  if (size < 4) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 4, size - 4);
  const bool strip = (data[0] & 1) != 0;
  const auto whole = Tee(stream, strip, 0);
  for (int i = 1; i < 4; ++i) {
    if (Tee(stream, strip, data[i] + 1U) != whole) std::abort();
  }
  if (!strip && whole.out.size() > stream.size() + 1) std::abort();
  return 0;
}

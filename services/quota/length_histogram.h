#pragma once

#include <array>
#include <cstdint>

namespace weir::quota {

// The lengths of answers, in buckets that grow by an eighth of an octave, the past fading: what is
// new weighs as much as all before it after 1,024 answers. 400 bytes; a value, not thread-safe.
class LengthHistogram {
 public:
  // `length` is at least 1.
  void Add(int64_t length);
  // No more than 5 % of what was added is longer: the upper end of a bucket, at most an eighth too
  // large. Needs one Add.
  int64_t P95() const;

 private:
  static constexpr int kExact = 16;  // Lengths below are counted one by one.
  static constexpr int kPerOctave = 8;
  static constexpr int kOctaves = 22;  // Up to 2^26; longer ones count as that.
  static constexpr int kBuckets = kExact + kPerOctave * kOctaves;
  static constexpr uint32_t kFadeAt = 1024;

  static int BucketOf(int64_t length);
  static int64_t UpperEnd(int bucket);

  // Halves what was added so far.
  void Fade();
  // Moves the percentile to where it belongs: a step or none after an Add.
  void Follow();

  std::array<uint16_t, kBuckets> counts_{};
  uint32_t total_ = 0;
  int p95_ = 0;          // The lowest bucket above which no more than 5 % are.
  uint32_t longer_ = 0;  // What is above it.
};

}  // namespace weir::quota

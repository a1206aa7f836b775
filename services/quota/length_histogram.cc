#include "services/quota/length_histogram.h"

#include <algorithm>
#include <bit>

namespace weir::quota {

int LengthHistogram::BucketOf(int64_t length) {
  if (length < kExact) return static_cast<int>(std::max<int64_t>(length, 0));
  const int octave = std::bit_width(static_cast<uint64_t>(length)) - 1;  // 4 for 16 to 31.
  const int eighth = static_cast<int>(length >> (octave - 3)) & (kPerOctave - 1);
  return std::min(kBuckets - 1, kExact + (octave - 4) * kPerOctave + eighth);
}

int64_t LengthHistogram::UpperEnd(int bucket) {
  if (bucket < kExact) return bucket;
  const int octave = (bucket - kExact) / kPerOctave + 4;
  const int64_t eighth = (bucket - kExact) % kPerOctave;
  return ((kPerOctave + eighth + 1) << (octave - 3)) - 1;
}

void LengthHistogram::Add(int64_t length) {
  const int bucket = BucketOf(length);
  ++counts_[bucket];
  ++total_;
  if (bucket > p95_) ++longer_;
  if (total_ >= kFadeAt) Fade();
  Follow();
}

void LengthHistogram::Fade() {
  total_ = 0;
  for (uint16_t& each : counts_) {
    // Rounded up: a rare long answer is not forgotten by rounding.
    each = static_cast<uint16_t>((each + 1) / 2);
    total_ += each;
  }
  p95_ = kBuckets - 1;
  longer_ = 0;
}

void LengthHistogram::Follow() {
  const uint32_t longer_at_most = total_ / 20;
  while (longer_ > longer_at_most) longer_ -= counts_[++p95_];
  while (p95_ > 0 && longer_ + counts_[p95_] <= longer_at_most) longer_ += counts_[p95_--];
}

int64_t LengthHistogram::P95() const { return UpperEnd(p95_); }

}  // namespace weir::quota

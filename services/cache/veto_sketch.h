#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "services/cache/veto.h"
#include "services/cache/wording.h"

namespace weir::cache {

// As much of a Wording as tells most pairs apart that differ by an order number, an account or a
// version: eight bytes a word, so that it can lie beside a cache entry.
//
// A word is its first letter, its length, whether it has digits, and a hash; the hash may be equal
// where words are not, which only makes QuickVeto say less.
struct VetoSketch {
  bool too_long = false;         // Nothing else is filled in.
  std::vector<uint64_t> words;   // Ascending, once each.
  std::vector<uint64_t> labels;  // Of these, what is written like code or quoted, with digits.
  uint64_t numbers = 0;          // A hash of all quantities, ordinals and units.
};
VetoSketch SketchOf(const Wording& wording);

// "veto_identifier" where each rule before that one is sure to be silent and it is sure to speak;
// else empty, and Veto must be asked. Where a misspelling in a number is mended the reason may be
// another one than Veto's; that it refuses is the same. A hundredth of Veto's time. Pure.
VetoReason QuickVeto(const VetoSketch& asked, const VetoSketch& cached);

// A sketch that is made when it is first wanted. Thread-safe.
class LazyVetoSketch {
 public:
  // `wording()` is called once, if at all.
  template <typename WordingOf>
  const VetoSketch& Get(const WordingOf& wording) {
    std::call_once(once_, [&] { sketch_ = SketchOf(wording()); });
    return sketch_;
  }

 private:
  std::once_flag once_;
  VetoSketch sketch_;
};

}  // namespace weir::cache

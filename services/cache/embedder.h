#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::cache {

// Turns a text into a direction, so that texts that mean the same lie close to one another.
//
// Runs in this process and never blocks: it may be called from an event loop. A prompt takes
// microseconds; kMaxTextBytes of the worst that somebody can write, less than a millisecond.
// Thread-safe: nothing changes after construction.
//
// An index that wants less than a float a component makes it with int8_vector.h.
class Embedder {
 public:
  // `dimension()` is a multiple of this: what reads vectors in registers needs no rest.
  static constexpr size_t kLanes = 32;
  // What lies beyond of a text is not read: bounds the time that a call takes.
  static constexpr size_t kMaxTextBytes = 16 << 10;

  virtual ~Embedder() = default;

  // Components of a vector; at least kLanes.
  virtual size_t dimension() const = 0;

  // 64 hexadecimal digits that are others wherever vectors are: vectors of two embedders with
  // different fingerprints must never be compared. Equal on all machines.
  virtual const std::string& fingerprint() const = 0;

  // Writes the vector of `text`, of length 1, into `vector`, which has `dimension()` floats: a dot
  // product of two is their cosine. `text` may be any bytes; equal texts have equal vectors, bit by
  // bit, on every machine.
  //
  // False: there is nothing in the text that the embedder knows, so it is not searchable. `vector`
  // is all zeros then.
  [[nodiscard]] virtual bool Embed(std::string_view text, std::span<float> vector) const = 0;
};

}  // namespace weir::cache

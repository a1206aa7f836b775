#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::edge {

// Decodes the chunked transfer coding (RFC 9112, 7.1) piece by piece. Strict: chunk extensions are
// skipped within bounds, bare LF, signs, spaces and oversized numbers are refused, trailers are
// skipped within bounds.
class ChunkedDecoder {
 public:
  // Appends the data of `input` to `out`; returns how many bytes of `input` were used: all of them
  // unless the body ended inside. kInvalidArgument: malformed. The decoder must not be used after
  // an error.
  absl::StatusOr<size_t> Decode(std::string_view input, std::string& out);

  // The last chunk and the trailers were read.
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLf,
    kDone
  };
  absl::Status Take(char each);

  State state_ = State::kSize;
  uint64_t left_ = 0;
  int digits_ = 0;
  int skipped_ = 0;         // Bytes of extensions and trailers so far.
  int trailer_length_ = 0;  // Of the current trailer line.
};

// "1a3\r\n": goes before the data of a chunk, kChunkEnd behind it; kLastChunk ends the body.
std::string_view ChunkHead(size_t size, char (&space)[20]);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace weir::edge

#include "edge/http/chunked.h"

#include <algorithm>

namespace weir::edge {
namespace {

constexpr int kMaxSkipped = 4096;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::Status Malformed(std::string_view what) {
  return status::InvalidArgument("the chunked body is malformed: {}", what);
}

}  // namespace

absl::StatusOr<size_t> ChunkedDecoder::Decode(std::string_view input, std::string& out) {
  size_t used = 0;
  while (used < input.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const size_t take = std::min<uint64_t>(left_, input.size() - used);
      out.append(input.substr(used, take));
      used += take;
      left_ -= take;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    WEIR_RETURN_IF_ERROR(Take(input[used]));
    ++used;
  }
  return used;
}

absl::Status ChunkedDecoder::Take(char each) {
  switch (state_) {
    case State::kSize: {
      if (const int digit = HexValue(each); digit >= 0) {
        if (++digits_ > 15) return Malformed("a chunk size has over 15 digits");
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        return absl::OkStatus();
      }
      if (digits_ == 0) return Malformed("want a chunk size in hex digits");
      if (each == '\r') {
        state_ = State::kSizeLf;
        return absl::OkStatus();
      }
      if (each != ';') return Malformed("want CRLF after a chunk size");
      state_ = State::kExtension;
      return absl::OkStatus();
    }
    case State::kExtension:
      if (each == '\r') {
        state_ = State::kSizeLf;
      } else if (each == '\n' || each == '\0') {
        return Malformed("a chunk extension has a control character");
      } else if (++skipped_ > kMaxSkipped) {
        return Malformed("chunk extensions over 4096 bytes");
      }
      return absl::OkStatus();
    case State::kSizeLf:
      if (each != '\n') return Malformed("want LF after CR");
      state_ = left_ > 0 ? State::kData : State::kTrailer;
      digits_ = 0;
      trailer_length_ = 0;
      return absl::OkStatus();
    case State::kDataCr:
      if (each != '\r') return Malformed("want CRLF after chunk data");
      state_ = State::kDataLf;
      return absl::OkStatus();
    case State::kDataLf:
      if (each != '\n') return Malformed("want LF after CR");
      state_ = State::kSize;
      return absl::OkStatus();
    case State::kTrailer:
      if (each == '\r') {
        state_ = State::kTrailerLf;
      } else if (each == '\n' || each == '\0') {
        return Malformed("a trailer has a control character");
      } else if (++trailer_length_; ++skipped_ > kMaxSkipped) {
        return Malformed("trailers over 4096 bytes");
      }
      return absl::OkStatus();
    case State::kTrailerLf:
      if (each != '\n') return Malformed("want LF after CR");
      state_ = trailer_length_ == 0 ? State::kDone : State::kTrailer;
      trailer_length_ = 0;
      return absl::OkStatus();
    case State::kData:
    case State::kDone:
      break;
  }
  return status::Internal("chunked decoder: a byte in state {}", static_cast<int>(state_));
}

std::string_view ChunkHead(size_t size, char (&space)[20]) {
  char* end = space + sizeof(space);
  *--end = '\n';
  *--end = '\r';
  char* begin = end;
  do {
    *--begin = "0123456789abcdef"[size % 16];
    size /= 16;
  } while (size > 0);
  return {begin, static_cast<size_t>(space + sizeof(space) - begin)};
}

}  // namespace weir::edge

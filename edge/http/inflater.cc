#include "edge/http/inflater.h"

#include <zlib.h>

#include <array>

namespace weir::edge {

struct Inflater::State {
  z_stream stream{};
  size_t max_output;
  int max_ratio;
  size_t output = 0;
  size_t input = 0;
  bool done = false;
  bool usable = false;
};

Inflater::Inflater(size_t max_output, int max_ratio) : state_(std::make_unique<State>()) {
  state_->max_output = max_output;
  state_->max_ratio = max_ratio;
  state_->usable = inflateInit2(&state_->stream, 16 + MAX_WBITS) == Z_OK;
}

Inflater::~Inflater() {
  if (state_->usable) inflateEnd(&state_->stream);
}

bool Inflater::done() const { return state_->done; }

absl::Status Inflater::Feed(std::string_view input, std::string& out) {
  State& s = *state_;
  if (!s.usable) return status::ResourceExhausted("decoding gzip: no memory");
  if (input.empty()) return absl::OkStatus();
  s.input += input.size();
  s.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  s.stream.avail_in = static_cast<uInt>(input.size());
  std::array<char, 16 * 1024> space;
  do {
    if (s.done) return status::InvalidArgument("bytes follow the end of the gzip body");
    s.stream.next_out = reinterpret_cast<Bytef*>(space.data());
    s.stream.avail_out = space.size();
    const int result = inflate(&s.stream, Z_NO_FLUSH);
    const size_t made = space.size() - s.stream.avail_out;
    s.output += made;
    const size_t by_ratio = 64 * 1024 + s.input * static_cast<size_t>(s.max_ratio);
    if (s.output > s.max_output || s.output > by_ratio) {
      return status::OutOfRange("the gzip body decodes to over {} bytes, or over {} times its size",
                                s.max_output, s.max_ratio);
    }
    out.append(space.data(), made);
    if (result == Z_STREAM_END) {
      s.done = true;
    } else if (result == Z_BUF_ERROR) {
      break;
    } else if (result != Z_OK) {
      return status::InvalidArgument("the body is not valid gzip");
    }
    if (s.done && s.stream.avail_in == 0) break;
  } while (s.stream.avail_in > 0 || s.stream.avail_out == 0);
  return absl::OkStatus();
}

}  // namespace weir::edge

#include "tests/mock_upstream/gzip.h"

namespace weir::mock {
namespace {

namespace zlib = boost::beast::zlib;

// RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
constexpr std::string_view kHeader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
constexpr size_t kFlushSlack = 64;  // Room for the flush marker beyond deflate's own bound.

void AppendLittleEndian(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}

}  // namespace

GzipEncoder::GzipEncoder() {
  deflate_.reset(6, 15, 8, zlib::Strategy::normal);  // zlib's own defaults.
}

std::string GzipEncoder::Add(std::string_view text) {
  crc_.process_bytes(text.data(), text.size());
  length_ += static_cast<uint32_t>(text.size());
  return Deflate(text, zlib::Flush::sync);
}

std::string GzipEncoder::Finish() {
  std::string out = Deflate({}, zlib::Flush::finish);
  AppendLittleEndian(out, crc_.checksum());
  AppendLittleEndian(out, length_);
  return out;
}

std::string GzipEncoder::Deflate(std::string_view text, zlib::Flush flush) {
  std::string out(started_ ? std::string_view() : kHeader);
  started_ = true;
  const size_t before = out.size();
  out.resize(before + deflate_.upper_bound(text.size()) + kFlushSlack);
  zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = out.data() + before;
  params.avail_out = out.size() - before;
  boost::beast::error_code ignored;  // The room suffices; the end of the stream is reported here.
  deflate_.write(params, flush, ignored);
  out.resize(out.size() - params.avail_out);
  return out;
}

std::string Gzip(std::string_view text) {
  GzipEncoder encoder;
  std::string out = encoder.Add(text);
  return out + encoder.Finish();
}

}  // namespace weir::mock

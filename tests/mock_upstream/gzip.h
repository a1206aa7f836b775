#pragma once

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::mock {

// Writes one gzip member in pieces. Not thread-safe.
class GzipEncoder {
 public:
  GzipEncoder();

  // `text` compressed and flushed: who has read the pieces so far can decode all text so far.
  std::string Add(std::string_view text);
  // Ends the member. Nothing may be added afterwards.
  std::string Finish();

 private:
  std::string Deflate(std::string_view text, boost::beast::zlib::Flush flush);

  boost::beast::zlib::deflate_stream deflate_;
  boost::crc_32_type crc_;
  uint32_t length_ = 0;
  bool started_ = false;
};

// `text` as one gzip member.
std::string Gzip(std::string_view text);

}  // namespace weir::mock

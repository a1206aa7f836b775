// Any bytes are a request, or refused: what the shape check lets through, the parser behind it
// reads the same way. And a chunked body is the same body however it arrives.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/http/chunked.h"
#include "edge/http/request_shape.h"

namespace weir::edge {
namespace {

namespace http = boost::beast::http;

void Require(bool holds) {
  if (!holds) std::abort();
}

size_t Count(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

void CheckHead(std::string_view head) {
  if (!CheckRequestShape(head).ok()) return;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(64 * 1024);
  parser.skip(true);
  boost::system::error_code error;
  const size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error) return;  // Refused by the second of them.
  Require(parser.is_header_done());
  Require(used == head.size());
  const auto& message = parser.get();
  const std::string_view method(message.method_string().data(), message.method_string().size());
  const std::string_view target(message.target().data(), message.target().size());
  Require(head.substr(0, head.find(' ')) == method);
  const std::string_view behind = head.substr(head.find(' ') + 1);
  Require(behind.substr(0, behind.find(' ')) == target);
  Require(message.version() == (head.substr(0, head.find("\r\n")).ends_with("1.1") ? 11U : 10U));
  // The request line and the empty one are no headers.
  Require(static_cast<size_t>(std::distance(message.begin(), message.end())) ==
          Count(head, "\r\n") - 2);
  Require(message.count(http::field::host) <= 1);
  Require(message.count(http::field::content_length) +
              message.count(http::field::transfer_encoding) <=
          1);
}

struct Decoded {
  bool ok = true;
  bool done = false;
  size_t used = 0;
  std::string data;
};
Decoded Decode(std::string_view body, size_t step) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.ok && !decoder.done() && decoded.used < body.size()) {
    const auto used = decoder.Decode(body.substr(decoded.used, step), decoded.data);
    decoded.ok = used.ok();
    if (used.ok()) decoded.used += *used;
  }
  decoded.done = decoder.done();
  return decoded;
}
void CheckBody(std::string_view body) {
  const Decoded whole = Decode(body, body.size());
  for (const size_t step : {size_t{1}, size_t{2}, size_t{7}}) {
    const Decoded pieces = Decode(body, step);
    Require(pieces.ok == whole.ok && pieces.done == whole.done);
    if (whole.ok) Require(pieces.data == whole.data && pieces.used == whole.used);
  }
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    weir::edge::CheckBody(text);
    return 0;
  }
  weir::edge::CheckHead(text.substr(0, end + 4));
  weir::edge::CheckBody(text.substr(end + 4));
  return 0;
}

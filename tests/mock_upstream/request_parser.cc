#include "tests/mock_upstream/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace weir::mock {
namespace {

namespace http = boost::beast::http;

template <typename Parser>
boost::beast::error_code Put(Parser& parser, std::string_view bytes, size_t& taken) {
  boost::beast::error_code error;
  taken += parser.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), error);
  return error;
}

}  // namespace

void RequestParser::Reset() {
  head_.reset();
  chunked_.reset();
  parsed_ = chunked_parsed_ = length_ = 0;
  fault_ = 0;
}

RequestParser::Progress RequestParser::Advance(std::string_view buffered) {
  if (!head_ || !head_->is_header_done()) {
    if (Progress head = AdvanceHead(buffered); head != Progress::kDone) return head;
  }
  if (head_->chunked()) return AdvanceChunks(buffered);
  const uint64_t body = head_->content_length().value_or(0);
  if (body > kMaxBody) return Fault(http::error::body_limit);
  length_ = parsed_ + body;
  return buffered.size() < length_ ? Progress::kNeedMore : Progress::kDone;
}

RequestParser::Progress RequestParser::AdvanceHead(std::string_view buffered) {
  if (!head_) {
    head_.emplace();
    head_->header_limit(kMaxHead);
    head_->skip(true);  // The body stays where it is, in the buffer.
  }
  const boost::beast::error_code error = Put(*head_, buffered, parsed_);
  if (error == http::error::need_more) return Progress::kNeedMore;
  return error ? Fault(error) : Progress::kDone;
}

RequestParser::Progress RequestParser::AdvanceChunks(std::string_view buffered) {
  if (!chunked_) {
    chunked_.emplace();
    chunked_->header_limit(kMaxHead);
    chunked_->body_limit(kMaxBody);
    chunked_->eager(true);
  }
  // A chunk of one byte costs six: bytes as they come are bounded too.
  if (buffered.size() > 2 * kMaxBody) return Fault(http::error::body_limit);
  const boost::beast::error_code error = Put(*chunked_, buffered, chunked_parsed_);
  if (error && error != http::error::need_more) return Fault(error);
  length_ = chunked_parsed_;
  return chunked_->is_done() ? Progress::kDone : Progress::kNeedMore;
}

RequestParser::Progress RequestParser::Fault(boost::beast::error_code error) {
  fault_ = error == http::error::body_limit ? 413 : error == http::error::header_limit ? 431 : 400;
  return Progress::kFaulty;
}

bool RequestParser::expects_continue() const {
  if (!head_ || !head_->is_header_done()) return false;
  const auto expect = message()[http::field::expect];
  return boost::beast::iequals(expect, "100-continue");
}

std::string_view RequestParser::body(std::string_view buffered) const {
  if (fault_ != 0) return {};
  if (chunked_) return chunked_->get().body();
  return buffered.substr(parsed_, length_ - parsed_);
}

}  // namespace weir::mock

#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string_view>

namespace weir::mock {

// Finds one HTTP/1.1 request in the bytes of a connection. Does no I/O; not thread-safe.
class RequestParser {
 public:
  static constexpr size_t kMaxHead = 32 * 1024;
  static constexpr size_t kMaxBody = 32 * 1024 * 1024;

  enum class Progress { kNeedMore, kDone, kFaulty };

  // Looks at everything that has come since the end of the last request; `buffered` must begin
  // where it began in the calls before (its bytes may have moved).
  Progress Advance(std::string_view buffered);
  // The next call of Advance looks for a new request.
  void Reset();

  // Why the request cannot be read: 400, 413 or 431. After kFaulty.
  int fault() const { return fault_; }

  // The client waits for "100 Continue" before it sends the body. After kNeedMore.
  bool expects_continue() const;

  // The rest: after kDone; head() and body() after kFaulty too.
  const auto& message() const { return head_->get(); }
  bool keep_alive() const { return head_->keep_alive(); }
  // Of the request's bytes in `buffered`.
  size_t length() const { return length_; }
  std::string_view head(std::string_view buffered) const { return buffered.substr(0, parsed_); }
  // Chunks joined. Empty after kFaulty.
  std::string_view body(std::string_view buffered) const;

 private:
  using HeadParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using ChunkedParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  Progress AdvanceHead(std::string_view buffered);
  Progress AdvanceChunks(std::string_view buffered);
  Progress Fault(boost::beast::error_code error);

  std::optional<HeadParser> head_;
  std::optional<ChunkedParser> chunked_;  // Reads the whole request once more, from its start.
  size_t parsed_ = 0;                     // Bytes that head_ has taken.
  size_t chunked_parsed_ = 0;             // Bytes that chunked_ has taken.
  size_t length_ = 0;
  int fault_ = 0;
};

}  // namespace weir::mock

#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "edge/http/chunked.h"
#include "edge/http/inflater.h"
#include "edge/upstream/upstream_pool.h"

namespace weir::edge {

// One request to one upstream and its answer, read piece by piece. Used by one coroutine on the
// pool's loop; Cancel() from the same thread ends whatever is pending.
class UpstreamCall {
 public:
  struct Times {
    Duration first_byte = std::chrono::seconds(60);  // From the request's last byte.
    Duration idle = std::chrono::seconds(60);        // Between two reads of the answer.
    Duration total = std::chrono::minutes(10);       // From Start to the last byte.
  };
  // `deadlines`, `clock` and what the pool refers to must outlive the call.
  UpstreamCall(std::shared_ptr<UpstreamPool> pool, Deadlines& deadlines, const Clock& clock,
               Times times);
  // Closes the connection unless the answer was read to its end.
  ~UpstreamCall();

  // Connects or reuses, sends, and reads the head of the answer. A kept-alive connection that turns
  // out closed before a byte of the answer came is replaced once. `head` is a whole HTTP/1.1
  // request head; both must live until this returns. kUnavailable: not reachable or broken;
  // kDeadlineExceeded: a time limit; kCancelled: Cancel(); kInternal: not HTTP.
  asio::awaitable<absl::Status> Start(std::string_view head, std::string_view body);

  int http_status() const { return status_; }
  // First value of a header of the answer; empty where it is missing.
  std::string_view Find(std::string_view name) const;
  // Length of the body, where the answer says it.
  std::optional<uint64_t> content_length() const { return content_length_; }

  // Appends what comes next of the body, decoded (chunks, gzip), to `out`; done() after the last of
  // it. Errors as Start, and kDataLoss: the body ended early.
  asio::awaitable<absl::Status> Read(std::string* out);
  bool done() const { return done_; }

  // The rest of the answer is worth so much time and no more.
  void LimitRest(Duration wait) { total_.Set(wait); }

  // The caller does not want the rest: pending and later calls answer kCancelled.
  void Cancel();

  // The request's bytes were handed to a connection: it may have cost something.
  bool dispatched() const { return dispatched_; }
  // Dispatch to the first byte of the answer.
  Duration first_byte_after() const { return first_byte_after_; }

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::empty_body>;

  asio::awaitable<absl::Status> Send(std::string_view head, std::string_view body);
  asio::awaitable<absl::Status> ReadHead();
  asio::awaitable<absl::Status> Fill(size_t want);
  absl::StatusOr<bool> ParseHead();
  absl::Status SetFraming();
  absl::Status TakeBody(std::string& out);
  absl::Status CheckWhole() const;
  absl::Status Why(std::string_view doing, const ErrorCode& error) const;
  void Finish();

  std::shared_ptr<UpstreamPool> pool_;
  const Clock& clock_;
  const Times times_;
  Deadlines::Limit step_;
  Deadlines::Limit total_;
  std::unique_ptr<UpstreamConnection> connection_;
  std::optional<Parser> parser_;
  std::optional<ChunkedDecoder> chunks_;
  std::optional<Inflater> inflater_;
  std::optional<uint64_t> content_length_;
  std::string undecoded_;
  uint64_t left_ = 0;
  MonotonicTime sent_at_;
  Duration first_byte_after_{};
  int status_ = 0;
  bool until_close_ = false;
  bool keep_alive_ = false;
  bool dispatched_ = false;
  bool got_byte_ = false;
  bool cancelled_ = false;
  bool done_ = false;
};

}  // namespace weir::edge

#include "edge/upstream/upstream_call.h"

#include <array>
#include <boost/asio/error.hpp>

#include "common/text/ascii.h"
#include "edge/http/find_field.h"

namespace weir::edge {
namespace {

constexpr size_t kMaxHead = 64 * 1024;
constexpr size_t kMaxInflated = 64 * 1024 * 1024;
constexpr int kMaxInflateRatio = 100;

}  // namespace

UpstreamCall::UpstreamCall(std::shared_ptr<UpstreamPool> pool, Deadlines& deadlines,
                           const Clock& clock, Times times)
    : pool_(std::move(pool)),
      clock_(clock),
      times_(times),
      step_(deadlines,
            [this] {
              if (connection_) connection_->transport->Close();
            }),
      total_(deadlines, [this] {
        if (connection_) connection_->transport->Close();
      }) {}

UpstreamCall::~UpstreamCall() {
  if (connection_ == nullptr) return;
  connection_->transport->Close();
  pool_->Forget();
}

void UpstreamCall::Cancel() {
  cancelled_ = true;
  if (connection_) connection_->transport->Close();
}

absl::Status UpstreamCall::Why(std::string_view doing, const ErrorCode& error) const {
  const std::string& where = pool_->url().authority;
  if (cancelled_) return status::Cancelled("{} {}: cancelled", doing, where);
  if (step_.has_expired() || total_.has_expired()) {
    return status::DeadlineExceeded("{} {}: timed out", doing, where);
  }
  return status::Unavailable("{} {}: {}", doing, where, error.message());
}

asio::awaitable<absl::Status> UpstreamCall::Start(std::string_view head, std::string_view body) {
  total_.Set(times_.total);
  for (const bool fresh : {false, true}) {
    absl::StatusOr<std::unique_ptr<UpstreamConnection>> taken = co_await pool_->Take(fresh);
    if (!taken.ok()) co_return taken.status();
    connection_ = *std::move(taken);
    if (total_.has_expired()) {
      co_return status::DeadlineExceeded("calling {}: timed out", pool_->url().authority);
    }
    if (cancelled_) co_return status::Cancelled("calling {}: cancelled", pool_->url().authority);
    const bool reused = connection_->reused;
    absl::Status started = co_await Send(head, body);
    if (started.ok()) started = co_await ReadHead();
    // The upstream closed it while it idled, before it could read the request.
    const bool stale = reused && !got_byte_ && started.code() == absl::StatusCode::kUnavailable;
    if (!stale) co_return started;
    connection_->transport->Close();
    connection_.reset();
    pool_->Forget();
  }
  co_return status::Unavailable("calling {}: the connection was closed", pool_->url().authority);
}

asio::awaitable<absl::Status> UpstreamCall::Send(std::string_view head, std::string_view body) {
  step_.Set(times_.idle);
  dispatched_ = true;
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head.data(), head.size()),
                                                   asio::buffer(body.data(), body.size())};
  const ErrorCode error = co_await connection_->transport->Write(parts);
  if (error) co_return Why("sending to", error);
  sent_at_ = clock_.Monotonic();
  step_.Set(times_.first_byte);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> UpstreamCall::Fill(size_t want) {
  // Runs only while something is awaited: a client that reads slowly is not the upstream's silence.
  if (got_byte_) step_.Set(times_.idle);
  auto [space, size] = connection_->buffer.Prepare(want);
  auto [error, read] = co_await connection_->transport->ReadSome(asio::buffer(space, size));
  if (error == asio::error::eof && !cancelled_ && !step_.has_expired() && !total_.has_expired()) {
    co_return status::DataLoss("reading from {}: it closed the connection", pool_->url().authority);
  }
  if (error) co_return Why("reading from", error);
  if (!got_byte_) {
    got_byte_ = true;
    first_byte_after_ = clock_.Monotonic() - sent_at_;
  }
  connection_->buffer.Commit(read);
  step_.Clear();
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> UpstreamCall::ReadHead() {
  for (;;) {
    absl::StatusOr<bool> parsed = ParseHead();
    if (!parsed.ok()) co_return parsed.status();
    if (*parsed) co_return SetFraming();
    if (connection_->buffer.data().size() > kMaxHead) {
      co_return status::Internal("reading from {}: its head is over {} bytes",
                                 pool_->url().authority, kMaxHead);
    }
    absl::Status filled = co_await Fill(8192);
    if (filled.code() == absl::StatusCode::kDataLoss) {
      co_return status::Unavailable("{}", status::Message(filled));
    }
    if (!filled.ok()) co_return filled;
  }
}

absl::StatusOr<bool> UpstreamCall::ParseHead() {
  for (;;) {
    const std::string_view data = connection_->buffer.data();
    const size_t end = data.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    parser_.emplace();
    parser_->header_limit(kMaxHead);
    parser_->skip(true);
    ErrorCode error;
    parser_->put(asio::buffer(data.data(), end + 4), error);
    if (error || !parser_->is_header_done()) {
      return status::Internal("reading from {}: not an HTTP answer: {}", pool_->url().authority,
                              error.message());
    }
    connection_->buffer.Consume(end + 4);
    status_ = static_cast<int>(parser_->get().result_int());
    if (status_ >= 200) return true;  // 1xx: the answer is still to come.
  }
}

absl::Status UpstreamCall::SetFraming() {
  const auto& answer = parser_->get();
  keep_alive_ = answer.keep_alive();
  if (status_ == 204 || status_ == 304) {
    Finish();
    return absl::OkStatus();
  }
  const bool chunked = !Find("transfer-encoding").empty();
  const std::string_view length = Find("content-length");
  if (chunked) {
    if (!text::EqualsIgnoreCase(Find("transfer-encoding"), "chunked") || !length.empty()) {
      return status::Internal("reading from {}: its framing is ambiguous", pool_->url().authority);
    }
    chunks_.emplace();
  } else if (!length.empty()) {
    uint64_t size = 0;
    for (const char c : length) {
      if (c < '0' || c > '9' || size > (1ULL << 50)) {
        return status::Internal("reading from {}: its Content-Length is malformed",
                                pool_->url().authority);
      }
      size = size * 10 + static_cast<uint64_t>(c - '0');
    }
    left_ = size;
    content_length_ = size;
  } else {
    until_close_ = true;
    keep_alive_ = false;
  }
  const std::string_view coding = Find("content-encoding");
  if (text::EqualsIgnoreCase(coding, "gzip") || text::EqualsIgnoreCase(coding, "x-gzip")) {
    inflater_.emplace(kMaxInflated, kMaxInflateRatio);
    content_length_.reset();
  } else if (!coding.empty() && !text::EqualsIgnoreCase(coding, "identity")) {
    return status::Internal("reading from {}: it encoded its answer as '{}', asked for identity",
                            pool_->url().authority, coding.substr(0, 40));
  }
  if (!chunked && !until_close_ && left_ == 0) Finish();
  return absl::OkStatus();
}

std::string_view UpstreamCall::Find(std::string_view name) const {
  return FindField(parser_->get().base(), name);
}

absl::Status UpstreamCall::TakeBody(std::string& out) {
  const std::string_view data = connection_->buffer.data();
  std::string& plain = inflater_ ? undecoded_ : out;
  if (chunks_) {
    absl::StatusOr<size_t> used = chunks_->Decode(data, plain);
    if (!used.ok()) {
      return status::Internal("reading from {}: {}", pool_->url().authority,
                              status::Message(used.status()));
    }
    connection_->buffer.Consume(*used);
    if (chunks_->done()) Finish();
  } else {
    const size_t take = until_close_ ? data.size() : std::min<uint64_t>(left_, data.size());
    plain.append(data.substr(0, take));
    connection_->buffer.Consume(take);
    left_ -= until_close_ ? 0 : take;
    if (!until_close_ && left_ == 0) Finish();
  }
  if (inflater_) {
    absl::Status decoded = inflater_->Feed(undecoded_, out);
    undecoded_.clear();
    if (!decoded.ok()) {
      return status::Internal("reading from {}: {}", pool_->url().authority,
                              status::Message(decoded));
    }
    if (done_) return CheckWhole();
  }
  return absl::OkStatus();
}

absl::Status UpstreamCall::CheckWhole() const {
  if (!inflater_ || inflater_->done()) return absl::OkStatus();
  return status::DataLoss("reading from {}: its gzip body ended early", pool_->url().authority);
}

asio::awaitable<absl::Status> UpstreamCall::Read(std::string* out) {
  while (!done_) {
    const size_t before = out->size();
    if (!connection_->buffer.empty()) {
      const absl::Status taken = TakeBody(*out);
      if (!taken.ok() || done_ || out->size() > before) co_return taken;
    }
    const absl::Status filled = co_await Fill(16 * 1024);
    if (filled.code() == absl::StatusCode::kDataLoss && until_close_) {
      Finish();
      co_return CheckWhole();
    }
    if (!filled.ok()) co_return filled;
  }
  co_return absl::OkStatus();
}

void UpstreamCall::Finish() {
  done_ = true;
  step_.Clear();
  total_.Clear();
  if (keep_alive_ && connection_->buffer.empty()) {
    pool_->GiveBack(std::move(connection_));
  } else {
    connection_->transport->Close();
    pool_->Forget();
  }
  connection_.reset();
}

}  // namespace weir::edge

#include "edge/http/connection.h"

#include <boost/asio/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <optional>

#include "common/text/ascii.h"
#include "edge/http/chunked.h"
#include "edge/http/find_field.h"
#include "edge/http/read_buffer.h"
#include "edge/http/reply_writer.h"
#include "edge/http/request_shape.h"

namespace weir::edge {

namespace beast_http = boost::beast::http;

std::string_view RequestHead::Find(std::string_view name) const { return FindField(*fields, name); }

std::string RequestHead::FindAll(std::string_view name) const {
  std::string joined;
  const auto range = fields->equal_range(boost::core::string_view(name.data(), name.size()));
  for (auto each = range.first; each != range.second; ++each) {
    if (!joined.empty()) joined.append(", ");
    joined.append(each->value().data(), each->value().size());
  }
  return joined;
}

namespace {

constexpr size_t kBufferSize = 16 * 1024;
// For the first request of a connection that was made just before a drain.
constexpr Duration kFirstRequest = std::chrono::milliseconds(500);
constexpr size_t kDrainBytes = 1024 * 1024;  // Read and dropped before a refused connection closes.

using Parser = beast_http::request_parser<beast_http::empty_body>;

class HttpConnection final : public Connection {
 public:
  HttpConnection(std::unique_ptr<Transport> transport, asio::ip::address client, bool over_tls,
                 ConnectionDeps deps)
      : transport_(std::move(transport)),
        client_(std::move(client)),
        deps_(deps),
        buffer_(kBufferSize),
        limit_(deps.deadlines, [this] { OnLimit(); }),
        reply_(*transport_, limit_, deps.limits.write, deps.clock) {
    exchange_.over_tls = over_tls;
    exchange_.reply = &reply_;
  }

  asio::awaitable<void> Run() override {
    auto self = shared_from_this();
    limit_.Set(deps_.limits.handshake);
    const ErrorCode error = co_await transport_->Handshake();
    if (!error) {
      for (bool again = true; again;) {
        const bool more = co_await ServeOne();
        again = more && !draining_;
      }
    }
    limit_.Clear();
    transport_->Close();
  }

  void Drain() override {
    draining_ = true;
    reply_.CloseAfter();
    if (!idle_) return;
    // Whoever has just come is about to send a request; who waits after an answer has its own.
    fresh_ ? limit_.Set(kFirstRequest) : transport_->Close();
  }
  void Close() override { transport_->Close(); }

 private:
  // One request and its answer; false where the connection is to close.
  asio::awaitable<bool> ServeOne() {
    exchange_.client = client_;
    exchange_.head = {};
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(deps_.limits.max_head));
    parser_->skip(true);
    reply_.Reset(11, false, draining_);
    absl::StatusOr<bool> head = co_await ReadHead();
    if (!head.ok()) {
      co_await RefuseAndDrain(head.status());
      co_return false;
    }
    if (!*head) co_return false;
    absl::Status body = co_await ReadBody();
    if (body.code() == absl::StatusCode::kCancelled) co_return false;  // Nobody is left to tell.
    if (!body.ok()) {
      co_await RefuseAndDrain(body);
      co_return false;
    }
    limit_.Clear();
    exchange_.client_gone = false;
    exchange_.on_client_gone = nullptr;
    {
      PeerWatch::Watched watched(deps_.peer_watch, [this] { LookAtPeer(); });
      co_await deps_.handler.Serve(&exchange_);
    }
    exchange_.on_client_gone = nullptr;
    buffer_.Consume(consume_);
    buffer_.ShrinkTo(kBufferSize);
    if (decoded_.capacity() > kBufferSize) std::string().swap(decoded_);
    co_return reply_.reusable() && exchange_.head.keep_alive;
  }

  // True: a head is parsed. False: the connection ended quietly. Error: refuse and close.
  asio::awaitable<absl::StatusOr<bool>> ReadHead() {
    size_t searched = 0;
    bool waiting = buffer_.empty();
    idle_ = waiting;
    const Duration wait = draining_ ? kFirstRequest : deps_.limits.keep_alive;
    limit_.Set(waiting ? wait : deps_.limits.head);
    for (;;) {
      const std::string_view data = buffer_.data();
      const size_t from = searched > 3 ? searched - 3 : 0;
      if (const size_t end = data.find("\r\n\r\n", from); end != std::string_view::npos) {
        idle_ = fresh_ = false;
        if (end + 4 > deps_.limits.max_head) break;
        co_return ParseHead(end + 4);
      }
      // A head with bare line feeds never gets its CRLF CRLF: answer instead of waiting for the
      // limit.
      if (data.find("\n\n", searched > 1 ? searched - 1 : 0) != std::string_view::npos) {
        co_return status::InvalidArgument("a line does not end with CRLF");
      }
      searched = data.size();
      if (searched > deps_.limits.max_head) break;
      auto [space, size] = buffer_.Prepare(4096);
      auto [error, read] = co_await transport_->ReadSome(asio::buffer(space, size));
      if (error) {
        if (limit_.has_expired() && !waiting) {
          co_return false;  // Too slow; the socket is closed already.
        }
        co_return false;
      }
      buffer_.Commit(read);
      if (waiting) {
        waiting = idle_ = false;
        limit_.Set(deps_.limits.head);
      }
    }
    co_return status::OutOfRange("the request head is over {} bytes", deps_.limits.max_head);
  }

  absl::StatusOr<bool> ParseHead(size_t size) {
    const std::string_view head = buffer_.data().substr(0, size);
    WEIR_RETURN_IF_ERROR(CheckRequestShape(head));
    ErrorCode error;
    parser_->put(asio::buffer(head.data(), head.size()), error);
    if (error || !parser_->is_header_done()) {
      return status::InvalidArgument("the request head is malformed: {}", error.message());
    }
    const auto& message = parser_->get();
    RequestHead& request = exchange_.head;
    request.fields = &message.base();
    request.method = {message.method_string().data(), message.method_string().size()};
    request.version = static_cast<int>(message.version());
    request.keep_alive = message.keep_alive();
    reply_.Reset(request.version, request.method == "HEAD", draining_ || !request.keep_alive);
    buffer_.Consume(size);
    return SetTarget({message.target().data(), message.target().size()});
  }

  absl::StatusOr<bool> SetTarget(std::string_view target) {
    // Absolute form (RFC 9112, 3.2.2): the authority was for the way here.
    for (std::string_view scheme : {"http://", "https://"}) {
      if (text::StartsWithIgnoreCase(target, scheme)) {
        const size_t slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
      }
    }
    if (target != "*" && !target.starts_with('/')) {
      return status::InvalidArgument("the request target is malformed: want a path");
    }
    const size_t question = target.find('?');
    exchange_.head.path = target.substr(0, question);
    exchange_.head.query =
        question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    return true;
  }

  asio::awaitable<absl::Status> ReadBody() {
    exchange_.body = {};
    consume_ = 0;
    body_began_ = deps_.clock.Monotonic();
    body_came_ = 0;
    const bool chunked = !exchange_.head.Find("transfer-encoding").empty();
    const std::string_view length = exchange_.head.Find("content-length");
    if (!chunked && length.empty()) co_return absl::OkStatus();
    size_t size = 0;
    for (const char c : length) size = size * 10 + static_cast<size_t>(c - '0');
    if (size > deps_.handler.max_body()) co_return TooLarge();
    if (text::EqualsIgnoreCase(exchange_.head.Find("expect"), "100-continue") &&
        exchange_.head.version == 11) {
      const std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const std::array<asio::const_buffer, 1> parts = {asio::buffer(go_on.data(), go_on.size())};
      const ErrorCode error = co_await transport_->Write(parts);
      if (error) co_return status::Cancelled("the client is gone");
    }
    if (chunked) {
      const absl::Status read = co_await ReadChunked();
      co_return read;
    }
    while (buffer_.data().size() < size) {
      const absl::Status more = co_await ReadMore(size - buffer_.data().size());
      if (!more.ok()) co_return more;
    }
    exchange_.body = buffer_.data().substr(0, size);
    consume_ = size;
    co_return absl::OkStatus();
  }

  asio::awaitable<absl::Status> ReadChunked() {
    decoded_.clear();
    ChunkedDecoder decoder;
    for (;;) {
      absl::StatusOr<size_t> used = decoder.Decode(buffer_.data(), decoded_);
      if (!used.ok()) co_return used.status();
      buffer_.Consume(*used);
      if (decoded_.size() > deps_.handler.max_body()) co_return TooLarge();
      if (decoder.done()) break;
      const absl::Status more = co_await ReadMore(4096);
      if (!more.ok()) co_return more;
    }
    const size_t size = decoded_.size();
    decoded_.append(ReadBuffer::kPadding, '\0');
    exchange_.body = std::string_view(decoded_).substr(0, size);
    co_return absl::OkStatus();
  }

  absl::Status TooLarge() const {
    return status::OutOfRange("the request body is over {} bytes", deps_.handler.max_body());
  }

  // Of the body. kDeadlineExceeded: it comes too slowly; kCancelled: the client is gone.
  asio::awaitable<absl::Status> ReadMore(size_t want) {
    limit_.Set(std::min(deps_.limits.body, LeftForBody()));
    auto [space, size] = buffer_.Prepare(std::min<size_t>(want, 256 * 1024));
    reading_body_ = true;
    auto [error, read] = co_await transport_->ReadSome(asio::buffer(space, size));
    reading_body_ = false;
    if (limit_.has_expired()) {
      co_return status::DeadlineExceeded("the request body came too slowly: {} bytes of it",
                                         body_came_);
    }
    if (error) co_return status::Cancelled("the client is gone");
    buffer_.Commit(read);
    body_came_ += read;
    co_return absl::OkStatus();
  }

  // Whoever sends a byte a minute would hold a connection and its memory for ever.
  Duration LeftForBody() const {
    const auto earned = std::chrono::seconds(body_came_ / HttpLimits::kSlowestBody);
    const Duration passed = deps_.clock.Monotonic() - body_began_;
    return std::max(Duration(0), deps_.limits.body_total + earned - passed);
  }

  void OnLimit() {
    // Half a request can still be answered.
    if (reading_body_) {
      transport_->StopReading();
    } else {
      transport_->Close();
    }
  }

  // Answers, then reads on a little: closing over unread bytes would reset the connection before
  // the client reads why.
  asio::awaitable<void> RefuseAndDrain(absl::Status why) {
    reply_.CloseAfter();
    co_await deps_.handler.Refuse(&exchange_, why);
    size_t dropped = buffer_.data().size();
    buffer_.Consume(dropped);
    limit_.Set(std::chrono::seconds(1));
    while (dropped < kDrainBytes && !limit_.has_expired() && reply_.ended()) {
      auto [space, size] = buffer_.Prepare(4096);
      auto [error, read] = co_await transport_->ReadSome(asio::buffer(space, size));
      if (error) break;
      dropped += read;
    }
  }

  void LookAtPeer() {
    if (exchange_.client_gone || !transport_->PeerGone()) return;
    exchange_.client_gone = true;
    if (exchange_.on_client_gone) exchange_.on_client_gone();
  }

  std::unique_ptr<Transport> transport_;
  const asio::ip::address client_;
  ConnectionDeps deps_;
  ReadBuffer buffer_;
  std::string decoded_;
  size_t consume_ = 0;  // Bytes of the buffer that the body occupies.
  std::optional<Parser> parser_;
  Exchange exchange_;
  Deadlines::Limit limit_;
  ReplyWriter reply_;
  bool draining_ = false;
  bool idle_ = true;
  bool fresh_ = true;  // No request has come yet.
  MonotonicTime body_began_;
  size_t body_came_ = 0;
  bool reading_body_ = false;
};

}  // namespace

std::shared_ptr<Connection> Connection::Create(std::unique_ptr<Transport> transport,
                                               asio::ip::address client, bool over_tls,
                                               ConnectionDeps deps) {
  return std::make_shared<HttpConnection>(std::move(transport), std::move(client), over_tls, deps);
}

}  // namespace weir::edge

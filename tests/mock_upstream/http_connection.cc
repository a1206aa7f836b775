#include "tests/mock_upstream/http_connection.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "tests/mock_upstream/read_buffer.h"
#include "tests/mock_upstream/request_parser.h"

namespace weir::mock {
namespace {

using std::chrono::steady_clock;
using TlsStream = asio::ssl::stream<Socket>;
using boost::system::error_code;

// A client may send its next requests while an answer waits. Beyond so much we stop reading, and
// with it noticing that the client leaves.
constexpr size_t kMaxPipelined = 64 * 1024;
// How long, and how much, a refused client may go on sending before we close: closing with bytes
// unread would reset the connection, and the client might never see the refusal.
constexpr std::chrono::seconds kDrainTime(1);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr int kFirstError = 300;
constexpr unsigned kHttp10 = 10;

Socket& SocketOf(Socket& socket) { return socket; }
Socket& SocketOf(TlsStream& stream) { return stream.next_layer(); }

// How much of the answer the kernel has taken.
struct Sent {
  bool head = false;
  bool whole = false;
  size_t body = 0;
};

Ledger::Ending EndingOf(const Answer& answer, const Sent& sent) {
  Ledger::Ending ending;
  ending.status = sent.head ? answer.status : 0;
  ending.frames_sent = answer.FramesWithin(sent.body);
  ending.tokens.prompt = sent.head ? answer.usage.prompt : 0;
  const bool complete = sent.whole && !answer.drop;
  // A JSON answer that was cut is spent as a whole: there is no telling which tokens went out.
  const bool spent = complete || (sent.whole && !answer.stream);
  ending.tokens.completion =
      spent ? answer.usage.completion : answer.CompletionTokens(ending.frames_sent);
  ending.outcome = !sent.whole                    ? Outcome::kAborted
                   : answer.drop                  ? Outcome::kDropped
                   : answer.status >= kFirstError ? Outcome::kError
                                                  : Outcome::kFinished;
  return ending;
}

template <typename Stream>
class Connection final : public OpenConnection,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(CorePtr core, EventLoop& loop, Stream stream)
      : core_(std::move(core)),
        loop_(loop),
        stream_(std::move(stream)),
        wake_(loop.context.get_executor()),
        drain_limit_(loop.context.get_executor()) {
    loop_.connections.insert(this);
    ++loop_.connection_count;
  }
  ~Connection() override {
    loop_.connections.erase(this);
    --loop_.connection_count;
  }

  void Close() override {
    gone_ = true;
    error_code ignored;
    SocketOf(stream_).close(ignored);
    wake_.cancel();
    drain_limit_.cancel();
  }

  // `self` keeps the connection alive until its last request is served.
  static Awaitable<void> Run(std::shared_ptr<Connection> self) {
    error_code ignored;
    SocketOf(self->stream_).set_option(asio::ip::tcp::no_delay(true), ignored);
    bool open = co_await self->Handshake();
    while (open) {
      open = co_await self->ReadRequest();
      if (open) open = co_await self->Exchange();
    }
    self->Close();
  }

 private:
  Awaitable<bool> Handshake() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      auto [error] = co_await stream_.async_handshake(TlsStream::server, kAwait);
      co_return !error;
    }
    co_return true;
  }

  // False when the client has gone. True: parser_ has a request, or what is wrong with it.
  Awaitable<bool> ReadRequest() {
    parser_.Reset();
    bool continued = false;
    while (parser_.Advance(buffer_.data()) == RequestParser::Progress::kNeedMore) {
      if (!continued && parser_.expects_continue()) {
        continued = true;
        auto [error, written] =
            co_await asio::async_write(stream_, asio::buffer(kContinue), kAwait);
        if (error) co_return false;
      }
      const bool filled = co_await Fill();
      if (!filled) co_return false;
    }
    co_return true;
  }

  // Adds to buffer_; false when the client has gone.
  Awaitable<bool> Fill() {
    if (gone_) co_return false;
    if (watching_) {
      reader_waits_ = true;
      wake_.expires_at(steady_clock::time_point::max());
      co_await wake_.async_wait(kAwait);
      reader_waits_ = false;
      co_return !gone_;
    }
    auto [error, count] = co_await stream_.async_read_some(buffer_.Prepare(), kAwait);
    if (error) {
      gone_ = true;
      co_return false;
    }
    buffer_.Commit(count);
    co_return true;
  }

  // Reads beside a waiting answer, to see the client leave.
  void Watch() {
    if (watching_ || gone_ || buffer_.data().size() > kMaxPipelined) return;
    watching_ = true;
    stream_.async_read_some(buffer_.Prepare(),
                            [self = this->shared_from_this()](error_code error, size_t count) {
                              self->OnWatched(error, count);
                            });
  }

  void OnWatched(error_code error, size_t count) {
    watching_ = false;
    if (error) {
      gone_ = true;
    } else {
      buffer_.Commit(count);
      if (!reader_waits_) return Watch();
    }
    wake_.cancel();
  }

  // Answers the request that parser_ holds; false when the connection is to be closed.
  Awaitable<bool> Exchange() {
    const bool faulty = parser_.fault() != 0;
    reply_ = core_->provider.Respond(parser_, buffer_.data(), loop_.json);
    const Ledger::Ticket ticket = core_->ledger.Begin(reply_.model, parser_.head(buffer_.data()),
                                                      parser_.body(buffer_.data()));
    const bool keep_alive = !faulty && parser_.keep_alive();
    head_end_ = HeadEnd(keep_alive, !faulty && parser_.message().version() == kHttp10);
    if (!faulty) buffer_.Consume(parser_.length());
    sent_ = {};
    co_await Deliver();

    const Ledger::Ending ending = EndingOf(*reply_.answer, sent_);
    core_->ledger.End(ticket, ending);
    if (ending.outcome == Outcome::kDropped) Drop();
    if (faulty && sent_.whole) co_await Drain();
    co_return keep_alive&& sent_.whole && !reply_.answer->drop;
  }

  static std::string_view HeadEnd(bool keep_alive, bool http10) {
    if (!keep_alive) return "Connection: close\r\n\r\n";
    return http10 ? "Connection: keep-alive\r\n\r\n" : "\r\n";
  }

  Awaitable<void> Deliver() {
    const Answer& answer = *reply_.answer;
    static const Behaviour kHealthy;
    const Behaviour& behaviour = reply_.behaviour ? reply_.behaviour->behaviour : kHealthy;
    const bool paced = answer.stream && behaviour.frame_delay.count() > 0;
    if (paced || behaviour.never_answer || behaviour.latency.count() > 0) {
      Watch();
      steady_clock::time_point due = steady_clock::now() + behaviour.latency;
      if (behaviour.never_answer) due = steady_clock::time_point::max();
      bool here = co_await WaitUntil(due);
      for (size_t i = 0; paced && here && i < answer.frame_ends.size(); ++i) {
        here = co_await WriteUpTo(answer.frame_ends[i]);
        due += behaviour.frame_delay;
        if (here) here = co_await WaitUntil(due);
      }
      if (!here) co_return;
    }
    sent_.whole = co_await WriteUpTo(answer.body.size());
  }

  // False when the client has gone before `due`.
  Awaitable<bool> WaitUntil(steady_clock::time_point due) {
    if (gone_) co_return false;
    wake_.expires_at(due);
    co_await wake_.async_wait(kAwait);
    co_return !gone_;
  }

  // Writes the head, if it is not out, and the body as far as `end`.
  Awaitable<bool> WriteUpTo(size_t end) {
    const Answer& answer = *reply_.answer;
    std::array<asio::const_buffer, 3> parts;
    size_t head_size = 0;
    if (!sent_.head && !answer.head.empty()) {
      parts[0] = asio::buffer(answer.head);
      parts[1] = asio::buffer(head_end_);
      head_size = answer.head.size() + head_end_.size();
    }
    parts[2] = asio::buffer(answer.body.data() + sent_.body, end - sent_.body);
    if (head_size + parts[2].size() == 0) co_return true;
    auto [error, written] = co_await asio::async_write(stream_, parts, kAwait);
    if (written >= head_size && !answer.head.empty()) {
      sent_.head = true;
      sent_.body += written - head_size;
    }
    co_return !error;
  }

  void Drop() {
    error_code ignored;
    if (reply_.behaviour->behaviour.reset) {
      SocketOf(stream_).set_option(asio::socket_base::linger(true, 0), ignored);
    }
  }

  Awaitable<void> Drain() {
    error_code ignored;
    SocketOf(stream_).shutdown(Socket::shutdown_send, ignored);
    drain_limit_.expires_after(kDrainTime);
    drain_limit_.async_wait([self = this->shared_from_this()](error_code cancelled) {
      if (!cancelled) self->Close();
    });
    bool more = true;
    while (more) {
      buffer_.Consume(buffer_.data().size());
      more = co_await Fill();
    }
  }

  const CorePtr core_;
  EventLoop& loop_;
  Stream stream_;
  Timer wake_;  // Ends every wait: for a time, for bytes, for the client to leave.
  Timer drain_limit_;
  ReadBuffer buffer_;
  RequestParser parser_;
  bool watching_ = false;      // A read is out beside the answer.
  bool reader_waits_ = false;  // For the watching read, instead of reading itself.
  bool gone_ = false;

  // Of the exchange that is on.
  Provider::Reply reply_;
  std::string_view head_end_;
  Sent sent_;
};

template <typename Stream>
void Start(CorePtr core, EventLoop& loop, Stream stream) {
  auto connection = std::make_shared<Connection<Stream>>(std::move(core), loop, std::move(stream));
  asio::co_spawn(loop.context.get_executor(), Connection<Stream>::Run(std::move(connection)),
                 asio::detached);
}

}  // namespace

void Serve(CorePtr core, EventLoop& loop, Socket socket) {
  if (!core->tls) return Start(std::move(core), loop, std::move(socket));
  TlsStream stream(std::move(socket), *core->tls);
  Start(std::move(core), loop, std::move(stream));
}

}  // namespace weir::mock

#include "edge/upstream/upstream_pool.h"

namespace weir::edge {

UpstreamPool::UpstreamPool(Options options, Dialer& dialer, const Clock& clock)
    : options_(std::move(options)), dialer_(dialer), clock_(clock) {}

asio::awaitable<absl::StatusOr<std::unique_ptr<UpstreamConnection>>> UpstreamPool::Take(
    bool fresh) {
  while (!fresh && !idle_.empty()) {
    // The newest: the others may age out.
    std::unique_ptr<UpstreamConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    const bool old = clock_.Monotonic() - connection->idle_since > options_.idle;
    // One that says something unasked would give the next call the wrong answer.
    if (!old && connection->buffer.empty() && connection->transport->Quiet()) {
      connection->reused = true;
      co_return std::move(connection);
    }
    --open_;
  }
  if (open_ >= options_.max_connections) {
    if (idle_.empty()) {
      co_return status::ResourceExhausted("all {} connections to {} are busy",
                                          options_.max_connections, options_.url.authority);
    }
    idle_.pop_front();
    --open_;
  }
  ++open_;  // Before the wait: others count it.
  text::BaseUrl url = options_.url;
  absl::StatusOr<std::unique_ptr<Transport>> opened = co_await dialer_.Connect(
      std::move(url), options_.tls.get(), options_.verify, options_.connect);
  if (!opened.ok()) {
    --open_;
    co_return opened.status();
  }
  co_return std::make_unique<UpstreamConnection>(*std::move(opened));
}

void UpstreamPool::GiveBack(std::unique_ptr<UpstreamConnection> connection) {
  connection->idle_since = clock_.Monotonic();
  connection->buffer.ShrinkTo(16 * 1024);
  idle_.push_back(std::move(connection));
}

void UpstreamPool::CloseIdle() {
  while (!idle_.empty() && clock_.Monotonic() - idle_.front()->idle_since > options_.idle) {
    idle_.pop_front();
    --open_;
  }
}

}  // namespace weir::edge

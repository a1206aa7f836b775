#pragma once

#include "common/rpc/completion_loop.h"
#include "common/time/clock.h"

namespace weir::rpc {

// A CompletionLoop whose own thread looks into the queue, in turns with the sockets: for edges,
// whose work begins at a socket. While nobody waits for an answer it sleeps in Asio and looks into
// the queue after 1 ms, then less and less often, down to every 100 ms, and after some seconds to
// every 200 ms: an event that a service pushes to an idle edge comes that much later.
//
// For one thread, but where said otherwise.
class PolledLoop final : public CompletionLoop {
 public:
  // `io` outlives this object.
  explicit PolledLoop(asio::io_context& io) : io_(io) {}
  // Completes what is under way in the queue, as failed: whoever began it has cancelled it.
  ~PolledLoop() override;

  // Runs handlers and completions on this thread until `io` is stopped.
  void Run();

  grpc::CompletionQueue& queue() override { return queue_; }
  asio::io_context& io() override { return io_; }
  void Expect(int change) override;

 private:
  // Runs what the queue holds, at most some hundred; whether there was anything.
  bool RunCompletions();
  // Waits for `longest` at most until one comes, and runs it.
  void AwaitCompletion(Duration longest);
  void Idle();

  asio::io_context& io_;
  grpc::CompletionQueue queue_;
  int expected_ = 0;
  Duration pause_ = Duration::zero();
  int long_pauses_ = 0;  // In a row.
};

}  // namespace weir::rpc

#pragma once

#include <thread>

#include "common/rpc/completion_loop.h"

namespace weir::rpc {

// A CompletionLoop with a thread of its own that sleeps in the queue and hands what it gets to the
// event loop, as many at once as there are: for services, whose work begins at a gRPC stream. Idle,
// nothing wakes.
class ThreadedLoop final : public CompletionLoop {
 public:
  // `io` outlives this object, and runs on one thread. `queue`: a server's; null: one of its own.
  explicit ThreadedLoop(asio::io_context& io,
                        std::unique_ptr<grpc::CompletionQueue> queue = nullptr);
  // Shuts the queue down (a server's after its server), and completes on this thread what is left
  // of it: then `io` must not run any more. Nothing else of `io` runs here.
  ~ThreadedLoop() override;

  // From here on completions come. Once.
  void Start();

  grpc::CompletionQueue& queue() override { return *queue_; }
  asio::io_context& io() override { return io_; }
  void Expect(int) override {}
  void CompleteNow(CompletionTag* tag) override;

 private:
  struct Completed {
    void* tag = nullptr;
    bool ok = false;
  };
  // What the thread hands to the loop.
  class Handed;
  void Poll();

  asio::io_context& io_;
  std::unique_ptr<grpc::CompletionQueue> queue_;
  const std::shared_ptr<Handed> handed_;
  std::thread thread_;
};

}  // namespace weir::rpc

#include "common/rpc/threaded_loop.h"

#include <pthread.h>

#include <vector>

namespace weir::rpc {
namespace {

constexpr size_t kAtOnce = 64;

struct Completed {
  void* tag = nullptr;
  bool ok = false;
};

void CompleteAll(const std::vector<Completed>& all) {
  for (const Completed& each : all) static_cast<CompletionTag*>(each.tag)->Complete(each.ok);
}

}  // namespace

ThreadedLoop::ThreadedLoop(asio::io_context& io, std::unique_ptr<grpc::CompletionQueue> queue)
    : io_(io),
      queue_(queue != nullptr ? std::move(queue) : std::make_unique<grpc::CompletionQueue>()) {}

ThreadedLoop::~ThreadedLoop() {
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
    // What the thread handed over is run here: the loop has ended.
    io_.restart();
    io_.poll();
  }
  Completed last;
  while (queue_->Next(&last.tag, &last.ok)) CompleteAll({last});
}

void ThreadedLoop::Start() {
  thread_ = std::thread([this] { Poll(); });
  pthread_setname_np(thread_.native_handle(), "rpc-queue");
}

void ThreadedLoop::Poll() {
  Completed first;
  while (queue_->Next(&first.tag, &first.ok)) {
    std::vector<Completed> all = {first};
    Completed next;
    while (all.size() < kAtOnce &&
           queue_->AsyncNext(&next.tag, &next.ok, gpr_time_0(GPR_CLOCK_MONOTONIC)) ==
               grpc::CompletionQueue::GOT_EVENT) {
      all.push_back(next);
    }
    asio::post(io_, [all = std::move(all)] { CompleteAll(all); });
  }
}

}  // namespace weir::rpc

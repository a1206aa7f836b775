#include "common/rpc/threaded_loop.h"

#include <pthread.h>

#include <algorithm>
#include <vector>

#include "common/async/mutex.h"

namespace weir::rpc {
namespace {

constexpr size_t kAtOnce = 64;

}  // namespace

class ThreadedLoop::Handed {
 public:
  // Whether somebody is to come for it, who does not come yet.
  bool Put(const std::vector<Completed>& all) {
    MutexLock lock(mutex_);
    bool is_wanted = false;
    for (const Completed& each : all) {
      all_.push_back(each);
      const bool is_awaited = std::erase(awaited_, TagOf(each.tag)) > 0;
      is_wanted = is_wanted || is_awaited || !IsPatient(each.tag);
    }
    return is_wanted && !std::exchange(called_, true);
  }
  void CompleteAll() {
    {
      MutexLock lock(mutex_);
      called_ = false;
    }
    Complete(Take(nullptr));
  }
  // Whoever was called still comes, and may find nothing.
  void CompleteNow(const CompletionTag* tag) { Complete(Take(tag)); }

 private:
  static void Complete(const std::vector<Completed>& all) {
    for (const Completed& each : all) TagOf(each.tag)->Complete(each.ok);
  }
  // `awaited`, null: nothing, is not to wait where it has not come.
  std::vector<Completed> Take(const CompletionTag* awaited) {
    MutexLock lock(mutex_);
    const bool is_there = std::ranges::any_of(
        all_, [awaited](const Completed& each) { return TagOf(each.tag) == awaited; });
    if (awaited != nullptr && !is_there) awaited_.push_back(awaited);
    return std::exchange(all_, {});
  }
  Mutex mutex_;
  std::vector<Completed> all_ ABSL_GUARDED_BY(mutex_);
  // Of what has not come: one for each stream of events at most.
  std::vector<const CompletionTag*> awaited_ ABSL_GUARDED_BY(mutex_);
  // Somebody comes.
  bool called_ ABSL_GUARDED_BY(mutex_) = false;
};

ThreadedLoop::ThreadedLoop(asio::io_context& io, std::unique_ptr<grpc::CompletionQueue> queue)
    : io_(io),
      queue_(queue != nullptr ? std::move(queue) : std::make_unique<grpc::CompletionQueue>()),
      handed_(std::make_shared<Handed>()) {}

ThreadedLoop::~ThreadedLoop() {
  queue_->Shutdown();
  if (thread_.joinable()) thread_.join();
  handed_->CompleteAll();  // Of a loop that has ended.
  Completed last;
  while (queue_->Next(&last.tag, &last.ok)) {
    TagOf(last.tag)->Complete(last.ok);
  }
}

void ThreadedLoop::CompleteNow(CompletionTag* tag) { handed_->CompleteNow(tag); }

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
    if (handed_->Put(all)) asio::post(io_, [handed = handed_] { handed->CompleteAll(); });
  }
}

}  // namespace weir::rpc

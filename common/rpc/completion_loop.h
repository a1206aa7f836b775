#pragma once

#include <grpcpp/completion_queue.h>

#include <atomic>
#include <memory>
#include <utility>

#include "common/async/asio.h"

namespace weir::rpc {

// What a gRPC operation tells its end to: the tag of a completion queue. Must live until it is
// told.
class CompletionTag {
 public:
  virtual void Complete(bool ok) = 0;
  // Nothing follows it soon: it may be told when the loop has something else to do, or is asked for
  // it. Any thread.
  virtual bool may_wait() const { return false; }

 protected:
  ~CompletionTag() = default;
};

// An event loop that also runs what follows the gRPC operations begun on `queue()`: everything on
// the loop's one thread.
class CompletionLoop {
 public:
  virtual ~CompletionLoop() = default;
  virtual grpc::CompletionQueue& queue() = 0;
  virtual asio::io_context& io() = 0;

  // `change` more callers wait for an answer that comes by the queue: the loop is to look for it
  // without delay. On the loop's thread.
  virtual void Expect(int change) = 0;
  // Completes what has come and waits (CompletionTag::may_wait). On the loop's thread.
  virtual void CompleteNow() {}
};

// The tag of one operation at a time of an object that lives in a std::shared_ptr, which it holds
// meanwhile. A member of that object.
template <typename Owner>
class OperationTag final : public CompletionTag {
 public:
  // To be handed to gRPC at once. None of this tag may be under way.
  void* Begin(std::shared_ptr<Owner> owner, void (Owner::*then)(bool ok)) {
    owner_ = std::move(owner);
    then_ = then;
    may_wait_ = false;
    return static_cast<CompletionTag*>(this);
  }
  void* BeginPatiently(std::shared_ptr<Owner> owner, void (Owner::*then)(bool ok)) {
    void* tag = Begin(std::move(owner), then);
    may_wait_ = true;
    return tag;
  }
  bool may_wait() const override { return may_wait_; }
  // Something follows it now. Where it has come already, the loop's CompleteNow tells it.
  void Hurry() { may_wait_ = false; }
  bool under_way() const { return owner_ != nullptr; }
  void Complete(bool ok) override {
    const std::shared_ptr<Owner> owner = std::exchange(owner_, nullptr);
    (owner.get()->*then_)(ok);
  }

 private:
  std::shared_ptr<Owner> owner_;
  void (Owner::*then_)(bool ok) = nullptr;
  std::atomic<bool> may_wait_ = false;
};

}  // namespace weir::rpc

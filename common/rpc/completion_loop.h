#pragma once

#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "common/async/asio.h"

namespace weir::rpc {

// What a gRPC operation tells its end to: the tag of a completion queue. Must live until it is
// told.
class CompletionTag {
 public:
  virtual void Complete(bool ok) = 0;

 protected:
  ~CompletionTag() = default;
};

// The tag as gRPC keeps it. Patient: nothing follows soon, its end may be told when the loop has
// something else to do, or is asked for it. Says so in the pointer's lowest bit: whoever takes it
// out of the queue, on whatever thread, knows without looking at the object.
inline void* RawTag(CompletionTag* tag, bool patient) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(tag) | (patient ? 1 : 0));
}
inline bool IsPatient(const void* raw) { return (reinterpret_cast<uintptr_t>(raw) & 1) != 0; }
inline CompletionTag* TagOf(void* raw) {
  return reinterpret_cast<CompletionTag*>(reinterpret_cast<uintptr_t>(raw) & ~uintptr_t{1});
}

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
  // Completes what has come and waits (RawTag), and `tag`, which was begun patiently, as soon as it
  // comes where it has not. On the loop's thread.
  virtual void CompleteNow(CompletionTag* /*tag*/) {}
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
    return RawTag(this, false);
  }
  // The end may be told late (CompletionLoop::CompleteNow).
  void* BeginPatiently(std::shared_ptr<Owner> owner, void (Owner::*then)(bool ok)) {
    Begin(std::move(owner), then);
    return RawTag(this, true);
  }
  bool under_way() const { return owner_ != nullptr; }
  void Complete(bool ok) override {
    const std::shared_ptr<Owner> owner = std::exchange(owner_, nullptr);
    (owner.get()->*then_)(ok);
  }

 private:
  std::shared_ptr<Owner> owner_;
  void (Owner::*then_)(bool ok) = nullptr;
};

}  // namespace weir::rpc

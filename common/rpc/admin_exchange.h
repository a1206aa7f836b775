#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "common/api/admin_call.h"
#include "common/async/worker_pool.h"
#include "common/rpc/admin_registry.h"
#include "common/rpc/admin_server.h"
#include "common/rpc/health.h"
#include "common/rpc/reflection.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::rpc {

// What happens when an operation on the completion queue ends; the queue's tag. Deletes itself.
class Completion {
 public:
  explicit Completion(std::function<void(bool ok)> then) : then_(std::move(then)) {
    handed_over_.store(true, std::memory_order_release);
  }
  static void Run(void* tag, bool ok) {
    const std::unique_ptr<Completion> done(static_cast<Completion*>(tag));
    if (done->handed_over_.load(std::memory_order_acquire)) done->then_(ok);
  }

 private:
  const std::function<void(bool ok)> then_;
  // Always true. The queue orders both ends by itself, but in a build that ThreadSanitizer cannot
  // see into.
  std::atomic<bool> handed_over_ = false;
};

// One call to an admin port, from its arrival to its end: who is it, what is it, answer it.
//
// Its steps run one after the other, on the completion queue's thread (short ones) and on the
// workers (token check, handler). Every pending step owns the exchange; it is gone when the last
// has run.
class AdminExchange : public std::enable_shared_from_this<AdminExchange> {
 public:
  // What all exchanges of a server share; must outlive them.
  struct Shared {
    const AdminServerOptions options;
    const AdminServer::Deps deps;
    const AdminCallObserver on_call;
    const Reflection reflection;
    const Health& health;
    grpc::ServerCompletionQueue* queue = nullptr;
  };

  // `leave` runs once, when the exchange and all that it holds of gRPC are gone.
  AdminExchange(const Shared& shared, std::function<void()> leave);

  // Waits for a call; `arrived` is told whether one came (false: the server shuts down).
  void Await(grpc::AsyncGenericService& service, std::function<void(bool)> arrived);
  // Takes the call that came.
  void Begin();
  // Takes it, but only to say that there is no room.
  void TurnAway();

 private:
  void Work(void (AdminExchange::*step)());
  void* Then(void (AdminExchange::*step)(bool));
  void Authenticate();
  void Receive();
  void OnReceived(bool ok);
  void OnSilence(int message);
  void Answer();
  void AnswerReflection(const std::string& request);
  void OnReflectionSent(bool ok);
  absl::StatusOr<std::string> Handle(const std::string& request);
  void Finish(const absl::Status& status);
  void FinishWith(const std::string& response);
  void Report(const absl::Status& status);

  struct AtTheEnd {
    const std::function<void()> run;
    ~AtTheEnd() { run(); }
  };

  const AtTheEnd leave_;  // First, so that it is the last to go.
  const Shared& shared_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  MonotonicTime begun_;
  api::AdminCall call_;
  const AdminRegistry::Method* method_ = nullptr;  // Null: not known yet, or reflection.
  grpc::ByteBuffer message_;
  std::shared_ptr<grpc::Alarm> silence_;
  std::atomic<int> messages_received_ = 0;
};

}  // namespace weir::rpc

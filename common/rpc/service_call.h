#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/rpc/completion_loop.h"
#include "common/rpc/pipe_codec.h"
#include "common/rpc/service_server.h"

namespace weir::rpc {

// One call that came to a ServiceServer, with what gRPC keeps of it.
struct ServiceCall {
  // What all calls of a server share; outlives them.
  struct Shared {
    const ServiceServerOptions options;
    const ServiceServer::Deps deps;
    CompletionLoop* loop = nullptr;  // Set before there are calls.

    MonotonicTime Now() const { return deps.clock.Monotonic(); }
  };
  ServiceCall(const Shared& of, std::function<void()> on_end)
      : leave{std::move(on_end)}, shared(of), stream(&context) {}

  // The method behind the last slash.
  std::string_view method() const;
  // What the caller may do. Logs a refusal, once for each peer and method.
  absl::Status MayCall(std::string_view method_name);

  struct AtTheEnd {
    const std::function<void()> run;
    ~AtTheEnd() { run(); }
  };
  const AtTheEnd leave;  // First, so that it is the last to go.
  const Shared& shared;
  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream;

 private:
  std::optional<std::string> peer_;  // Read from the certificate once: each item of a pipe asks.
};

// What a server tells to a call that is under way.
class LiveCall {
 public:
  virtual ~LiveCall() = default;
  // The process is about to leave: nothing new, please. On the loop's thread.
  virtual void OnLeaving() = 0;
  // To be passed on, where the caller takes notices.
  virtual void Notify(const pipe_pb::PipeNotice& /*notice*/) {}
  // It leaves now: what is not answered is given up. On the loop's thread.
  virtual void Cut() = 0;
};

// Answers it, each kind of call in its way; the answer keeps itself alive. On the loop's thread.
std::shared_ptr<LiveCall> AnswerPipe(std::unique_ptr<ServiceCall> call);
std::shared_ptr<LiveCall> AnswerUnary(std::unique_ptr<ServiceCall> call,
                                      const ServiceRegistry::Method& method);
std::shared_ptr<LiveCall> AnswerStream(std::unique_ptr<ServiceCall> call,
                                       const ServiceRegistry::Method& method);
std::shared_ptr<LiveCall> Refuse(std::unique_ptr<ServiceCall> call, const absl::Status& why);

}  // namespace weir::rpc

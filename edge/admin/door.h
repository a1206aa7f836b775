#pragma once

#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/api/unary_caller.h"
#include "common/async/worker_pool.h"
#include "common/metrics/registry.h"
#include "edge/admin/door_request.h"
#include "edge/http/exchange.h"

namespace weir::edge {

// The admin services for browsers and curl: the Connect protocol's unary JSON, `POST
// /weir.identity.v1.IdentityAdminService/CreateKey`, for every method by its descriptor. Translates
// and decides nothing: the caller's token goes along, and each service checks it. One per loop.
class Door final : public Handler {
 public:
  struct Backend {
    const google::protobuf::ServiceDescriptor* service;  // Of this program's protos.
    api::UnaryCaller& caller;                            // Of the door's loop; outlives it.
  };
  struct Deps {
    std::vector<Backend> backends;
    WorkerPool& workers;  // For long texts. Both outlive it.
    metrics::Registry& metrics;
  };
  explicit Door(const Deps& deps);

  // Whom it lets in from now on; before, nobody.
  void Admit(DoorRules rules) { rules_ = std::move(rules); }

  asio::awaitable<void> Serve(Exchange* exchange) override;
  asio::awaitable<void> Refuse(Exchange* exchange, absl::Status status) override;
  size_t max_body() const override { return 1 << 20; }

  // Calls at work.
  int under_way() const { return under_way_; }

 private:
  struct Method {
    const google::protobuf::MethodDescriptor* descriptor;
    api::UnaryCaller* caller;
  };
  struct Answer {
    int http_status = 200;
    absl::Status status;  // OK: `body` is the answer.
    std::string body;
    Headers headers;
  };
  asio::awaitable<Answer> AnswerTo(Exchange* exchange);
  asio::awaitable<absl::StatusOr<std::string>> Call(Method method, std::string_view body,
                                                    api::UnaryCall call);
  asio::awaitable<void> Send(Exchange* exchange, Answer answer);

  DoorRules rules_;
  WorkerPool& workers_;
  metrics::CounterFamily& requests_;
  std::unordered_map<std::string, Method> methods_;  // By path: "/package.Service/Method".
  int under_way_ = 0;
};

}  // namespace weir::edge

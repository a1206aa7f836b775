#pragma once

#include <string>
#include <utility>

#include "common/rpc/pipe_client.h"

namespace weir::api {

// One method of a service over a pipe, typed. `address` is PipeClient::Call's.
template <typename Resp, typename Req>
asio::awaitable<absl::StatusOr<Resp>> RemoteCall(rpc::PipeClient* client, rpc::PipeMethod method,
                                                 CallContext call, std::string organization,
                                                 Req request, std::string address = {}) {
  std::string bytes = request.SerializeAsString();
  rpc::PipeResult answer = co_await client->Call(method, call, std::move(organization),
                                                 std::move(bytes), std::move(address));
  if (!answer.ok()) co_return answer.status();
  Resp response;
  if (!response.ParseFromString(*answer)) {
    co_return status::Internal("{} answered {} with {} bytes that cannot be read",
                               client->service(), method.name, answer->size());
  }
  co_return response;
}

}  // namespace weir::api

#pragma once

#include <memory>

#include "common/rpc/pipe_client.h"
#include "common/rpc/server_stream.h"

namespace weir::api {

// What the `Watch` of a service sends, decoded; over at once where no replica is up. At most
// `capacity` events wait to be read.
template <typename Event, typename Req>
std::shared_ptr<EventStream<Event>> RemoteWatch(rpc::PipeClient& client, const Req& request,
                                                asio::any_io_executor executor, size_t capacity) {
  const std::shared_ptr<grpc::Channel> channel = client.replicas().AnyChannel();
  if (channel == nullptr) {
    auto over = std::make_shared<BufferedStream<Event>>(std::move(executor), 1);
    over->End();
    return over;
  }
  return std::make_shared<rpc::DecodedStream<Event>>(
      rpc::OpenServerStream(client.loop(), channel, fmt::format("/{}/Watch", client.service()),
                            request.SerializeAsString(), capacity));
}

}  // namespace weir::api

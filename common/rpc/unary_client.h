#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <unordered_set>

#include "common/api/unary_caller.h"
#include "common/rpc/completion_loop.h"
#include "common/rpc/peer_tls.h"

namespace weir::rpc {

// A way to an admin port ("127.0.0.1:9091", "identity:9111", "unix:/path"); a name is asked again
// when a server is lost, and its addresses are used in turn. Connects at the first call. `tls`: the
// CA alone is enough, a certificate is shown where there is one. kInvalidArgument: a file cannot be
// used, or there is no CA and the address is beyond this machine.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenAdminChannel(const std::string& address,
                                                                const PeerTls& tls);

// UnaryCaller over gRPC. Calls whose coroutine is gone are cancelled; those that its end finds
// under way end as by Close.
class UnaryClient final : public api::UnaryCaller {
 public:
  // `loop` must outlive it.
  UnaryClient(CompletionLoop& loop, std::shared_ptr<grpc::Channel> channel);
  ~UnaryClient() override;

  asio::awaitable<absl::StatusOr<std::string>> Call(api::UnaryCall call) override;

  // Ends the calls that are under way, and takes no more: kCancelled. Before the loop's end.
  void Close();

 private:
  class Calling;

  CompletionLoop& loop_;
  const std::shared_ptr<grpc::Channel> channel_;
  // Each takes itself out at its end, which may be after this object's.
  const std::shared_ptr<std::unordered_set<Calling*>> under_way_;
  bool closed_ = false;
};

}  // namespace weir::rpc

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/api/call_context.h"
#include "common/rpc/fair_queue.h"
#include "common/rpc/pending_calls.h"
#include "common/rpc/pipe_metrics.h"
#include "common/rpc/replica_set.h"

namespace weir::rpc {

// The calls of one loop to one service, whichever of its replicas answers: the one with the fewest
// unanswered items takes the next. What a replica was asked and did not answer before it was lost
// is asked once more, of another where there is one, if that is harmless.
//
// On the loop's thread. Must outlive what runs on the loop, or be abandoned before.
class PipeClient final : public PipeReplica::Owner {
 public:
  struct Deps {
    CompletionLoop& loop;  // All must outlive this object.
    Timers& timers;
    Random& random;
    Resolver& resolver;
    PipeMetrics* metrics = nullptr;  // Null: nothing is counted.
  };
  // kInvalidArgument: an address or a TLS file cannot be used, or plaintext would leave this
  // machine.
  static absl::StatusOr<std::unique_ptr<PipeClient>> Create(PipeOptions options, Deps deps);
  ~PipeClient();

  // Told of what the service says without being asked; null: a replica is there, which may have
  // said something before. Before Start.
  using Hear = std::function<void(const pipe_pb::PipeNotice* notice)>;
  void OnNotice(Hear hear) { hear_ = std::move(hear); }

  // Connects, and goes on looking for replicas. Once.
  void Start();

  // The answer to `request`, both encoded. `organization` says whose line it waits in, `address`
  // which replica is asked, if it is up and has room; empty: any.
  //
  // Errors are the service's, with their details. kDeadlineExceeded: none came in time, whether it
  // was done is not known. kUnavailable: no replica is there, too many wait, or the replica that
  // was asked was lost; it may have been done. kCancelled: the coroutine was.
  asio::awaitable<PipeResult> Call(PipeMethod method, api::CallContext call,
                                   std::string organization, std::string request,
                                   std::string address = {});

  const std::string& service() const { return options_.service; }
  const ReplicaSet& replicas() const { return replicas_; }
  CompletionLoop& loop() { return deps_.loop; }
  const Clock& clock() const { return deps_.timers.clock(); }

  // Destroys the coroutines that wait here, unfinished. Nothing may be called after.
  void Abandon();

 private:
  PipeClient(PipeOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials, Deps deps);

  void OnUp(PipeReplica& replica) override;
  void OnReply(PipeReplica& replica, pipe_pb::PipeReply reply) override;
  void OnNotice(PipeReplica& replica, const pipe_pb::PipeNotice& notice) override;
  void OnLost(PipeReplica& replica, Lane lane, const absl::Status& why) override;

  // Takes the call in; its waiter is told in any case.
  uint64_t Begin(PendingCall call);
  void Dispatch(uint64_t id, PendingCall& call);
  void SendTo(PipeReplica& replica, uint64_t id, PendingCall& call);
  void Wait(uint64_t id, PendingCall& call);
  // Sends what waits, as far as there is room. Wherever room may have come.
  void Pump();
  void Pump(FairQueue<uint64_t>& waiting, bool urgent);
  FairQueue<uint64_t>& LineOf(const PendingCall& call) {
    return call.method.urgent ? urgent_ : patient_;
  }
  void SendAgain(uint64_t id, const absl::Status& why);
  absl::Status Unreachable() const;
  void Finish(uint64_t id, const absl::Status& why);
  void End(uint64_t id, PipeResult result);
  void Count(PipeReplica& replica, bool up);
  void CountFailure(const absl::Status& why);
  // Finish, for a call that the replica may still be at. Whoever calls it pumps then.
  void GiveUp(uint64_t id, absl::Status why);
  void Cancel(uint64_t id);
  MonotonicTime Until(const PendingCall& call) const;
  void WatchOver(MonotonicTime when);
  void Sweep();
  uint32_t TimeoutMs(const PendingCall& call) const;

  const PipeOptions options_;
  const Deps deps_;
  Hear hear_;  // May be empty.
  PendingCalls pending_;
  // Ids; what has ended meanwhile is passed over. What is urgent, and what is not.
  FairQueue<uint64_t> urgent_;
  FairQueue<uint64_t> patient_;
  // How long calls wait for a replica; max: one is up.
  MonotonicTime patient_until_;
  Timers::Id sweep_ = 0;
  MonotonicTime sweep_at_ = MonotonicTime::max();
  ReplicaSet replicas_;  // The last: its replicas tell this object until they go.
};

}  // namespace weir::rpc

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/resolver.h"
#include "common/rpc/pipe_replica.h"

namespace weir::rpc {

// The replicas of one service as one loop knows them: follows the service's names, keeps a pipe to
// each address, and says which one may be asked. On the loop's thread.
class ReplicaSet {
 public:
  struct Deps {
    CompletionLoop& loop;  // All must outlive this object.
    Timers& timers;
    Random& random;
    Resolver& resolver;
    PipeReplica::Owner& owner;
  };
  // `options` outlives this object.
  ReplicaSet(const PipeOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials,
             Deps deps);
  ~ReplicaSet();

  // Connects, and goes on looking for replicas. Once.
  void Start();

  struct Wanted {
    bool urgent = true;  // For what is not there is room in half of what may be under way.
    std::string_view address = {};         // Of the one that is asked if it has room; empty: any.
    const PipeReplica* but_not = nullptr;  // Any other is preferred to it.
  };
  // The one with the fewest unanswered items that has room, any where several are as idle;
  // null: none.
  PipeReplica* Choose(Wanted wanted);
  // The address for what is about `key`: the same for all who ask, as long as the same replicas may
  // be asked. Empty: none may.
  std::string AddressFor(std::string_view key) const;
  // Some replica may be asked, with room or not.
  bool any_up() const;

  // Told of hello: whether `replica` stands on the store of the others. Until no replica is up any
  // more the first store holds.
  bool Admit(const PipeReplica& replica);
  // Nobody of the first store came back: tells the owner anew of all that are there.
  void AdmitAnew();
  // Told of the end of a pipe: forgets the replica where its name is gone and nothing is under way.
  void OnLost(PipeReplica& replica);

  // Why the service cannot be relied on: none is up, or replicas stand on different stores. OK: it
  // can.
  absl::Status Health() const;
  // To one that may be asked, for what takes no room of calls; null: none.
  std::shared_ptr<grpc::Channel> AnyChannel() const;

 private:
  bool MayServe(const PipeReplica& replica) const;
  bool MayTake(const PipeReplica& replica, bool urgent) const;
  asio::awaitable<void> FollowNames(std::shared_ptr<bool> alive);
  asio::awaitable<absl::StatusOr<std::vector<std::string>>> LookUp();
  void Reconcile(const std::vector<std::string>& addresses);
  void Add(const std::string& address);
  bool AnyLost() const;

  const PipeOptions& options_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const Deps deps_;
  std::vector<std::unique_ptr<PipeReplica>> replicas_;
  uint64_t scatter_ = 1;  // Says which of equals is next.
  std::string store_id_;
  bool has_store_ = false;
  absl::Status name_failure_;
  // False once this object is gone; its coroutine looks.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::rpc

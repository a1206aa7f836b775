#pragma once

#include <array>
#include <memory>
#include <string>

#include "common/async/timers.h"
#include "common/ids/random.h"
#include "common/rpc/pipe_options.h"
#include "common/rpc/pipe_stream.h"

namespace weir::rpc {

// Items over kMaxBatchBytes take a stream of their own, so that they delay nobody.
enum class Lane : uint8_t { kNormal, kBulk };

// One replica of a service as one loop reaches it: a channel, a pipe that is always open, one for
// large items that opens when it is needed, and the waits between attempts. On the loop's thread.
class PipeReplica final : public PipeStream::Listener {
 public:
  // Whom it tells; outlives it.
  class Owner {
   public:
    virtual void OnUp(PipeReplica& replica) = 0;
    virtual void OnReply(PipeReplica& replica, pipe_pb::PipeReply reply) = 0;
    virtual void OnNotice(PipeReplica& replica, const pipe_pb::PipeNotice& notice) = 0;
    // Everything that was sent on `lane` and not answered is lost.
    virtual void OnLost(PipeReplica& replica, Lane lane, const absl::Status& why) = 0;

   protected:
    ~Owner() = default;
  };
  struct Deps {
    CompletionLoop& loop;  // All must outlive this object.
    Timers& timers;
    Random& random;
    Owner& owner;
  };

  // `address`: "unix:/path" or IP:PORT.
  PipeReplica(std::string address, const PipeOptions& options,
              std::shared_ptr<grpc::ChannelCredentials> credentials, Deps deps);
  ~PipeReplica();

  // Opens its pipe, again and again where it breaks.
  void Connect();
  // Sends `item`. Only where up().
  void Send(Lane lane, pipe_pb::PipeItem item);
  void Cancel(Lane lane, uint64_t id);
  // Takes nothing new: it is not among the service's addresses any more.
  void Retire();

  // It has said hello, and takes new items.
  bool up() const { return greeted_ && !leaving_; }
  bool retired() const { return retired_; }
  // A pipe of its is open, or opens.
  bool connected() const {
    return StreamOf(Lane::kNormal) != nullptr || StreamOf(Lane::kBulk) != nullptr;
  }
  const std::string& address() const { return address_; }
  // Empty until it has said hello.
  const std::string& store_id() const { return store_id_; }
  // Why it is not up. OK: it is, or nothing was heard yet.
  const absl::Status& last_failure() const { return last_failure_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Items that are sent and not answered; its owner counts.
  size_t outstanding = 0;
  // It is in the owner's figures as up; the owner's.
  bool counted = false;

 private:
  class Connecting;
  using StreamPtr = std::shared_ptr<PipeStream>;
  const StreamPtr& StreamOf(Lane lane) const { return streams_[static_cast<size_t>(lane)]; }
  StreamPtr& StreamOf(Lane lane) { return streams_[static_cast<size_t>(lane)]; }
  void OnHello(PipeStream& stream, const pipe_pb::Hello& hello) override;
  void OnReply(PipeStream& stream, pipe_pb::PipeReply reply) override;
  void OnNotice(PipeStream& stream, const pipe_pb::PipeNotice& notice) override;
  void OnGoodbye(PipeStream& stream) override;
  void OnEnd(PipeStream& stream, const absl::Status& why) override;
  void Open(Lane lane);
  void ConnectLater();
  void ConnectNow();

  const std::string address_;
  const PipeOptions& options_;
  const Deps deps_;
  std::shared_ptr<grpc::Channel> channel_;
  std::array<StreamPtr, 2> streams_;
  std::string store_id_;
  absl::Status last_failure_;
  Duration backoff_;
  Timers::Id retry_ = 0;  // 0: not waiting.
  std::shared_ptr<Connecting> connecting_;
  bool greeted_ = false;
  bool leaving_ = false;  // It said goodbye, on the pipe that is open.
  bool retired_ = false;
};

}  // namespace weir::rpc

#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/async_stream.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/rpc/completion_loop.h"
#include "common/rpc/pipe_codec.h"
#include "common/status/status.h"

namespace weir::rpc {

// The client's end of one pipe to one replica. Items that are sent during a turn of the loop, or
// while a write is under way, leave together. Made by std::make_shared; keeps itself alive until
// gRPC is done with it. On the loop's thread.
class PipeStream : public std::enable_shared_from_this<PipeStream> {
 public:
  // Whom it tells; must outlive the stream, or detach from it by Close().
  class Listener {
   public:
    // The replica is there, and is the service that was meant.
    virtual void OnHello(PipeStream& stream, const pipe_pb::Hello& hello) = 0;
    virtual void OnReply(PipeStream& stream, pipe_pb::PipeReply reply) = 0;
    virtual void OnNotice(PipeStream& stream, const pipe_pb::PipeNotice& notice) = 0;
    // It takes nothing new; answers still come.
    virtual void OnGoodbye(PipeStream& stream) = 0;
    // Nothing comes any more. The last call.
    virtual void OnEnd(PipeStream& stream, const absl::Status& why) = 0;

   protected:
    ~Listener() = default;
  };

  PipeStream(CompletionLoop& loop, Listener& listener, std::string service, std::string version);

  // Begins. Once; whatever comes of it is told to the listener.
  void Open(const std::shared_ptr<grpc::Channel>& channel);
  // Nothing is lost before OnEnd: an item waits here until the replica has said hello.
  void Send(pipe_pb::PipeItem item);
  // The answer to `id` is not wanted any more.
  void Cancel(uint64_t id);
  // Nothing more is sent; the replica ends the pipe when it has answered.
  void FinishWrites();
  // Breaks off; the listener hears nothing more.
  void Close();

 private:
  using Call = grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnWritesDone(bool ok);
  void OnFinished(bool ok);
  void Handle(pipe_pb::PipeBatch& batch);
  bool Greet(const pipe_pb::Hello& hello);
  void Fail(absl::Status why);
  void Break();
  void TryFinish();
  void WriteHello();
  void FlushSoon();
  void Flush();
  void WriteBatch();

  CompletionLoop& loop_;
  Listener* listener_;
  const std::string service_;
  const std::string version_;

  grpc::ClientContext context_;
  std::unique_ptr<Call> call_;
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
  OperationTag<PipeStream> starting_, reading_, writing_, finishing_;
  absl::Status failure_;  // Ours; the transport says the rest.

  std::deque<pipe_pb::PipeItem> waiting_;
  std::vector<uint64_t> cancelled_;
  bool greeted_ = false;
  bool flush_posted_ = false;
  bool writes_end_ = false;  // Wanted; done once what waits is written.
  bool writes_done_ = false;
  bool broken_ = false;
};

}  // namespace weir::rpc

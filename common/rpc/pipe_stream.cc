#include "common/rpc/pipe_stream.h"

#include <grpcpp/generic/generic_stub.h>

#include <algorithm>

#include "common/rpc/grpc_status.h"

namespace weir::rpc {

PipeStream::PipeStream(CompletionLoop& loop, Listener& listener, std::string service,
                       std::string version)
    : loop_(loop),
      listener_(&listener),
      service_(std::move(service)),
      version_(std::move(version)) {}

void PipeStream::Open(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  call_ = stub.PrepareCall(&context_, fmt::format("/{}/Pipe", service_), &loop_.queue());
  call_->StartCall(starting_.Begin(shared_from_this(), &PipeStream::OnStarted));
}

void PipeStream::OnStarted(bool ok) {
  if (!ok || broken_) {
    Break();
    return;
  }
  WriteHello();
  call_->Read(&incoming_, reading_.Begin(shared_from_this(), &PipeStream::OnRead));
}

void PipeStream::WriteHello() {
  pipe_pb::PipeBatch batch;
  pipe_pb::Hello& hello = *batch.mutable_hello();
  hello.set_service(service_);
  hello.set_protocol(kPipeProtocol);
  hello.set_version(version_);
  call_->Write(Encode(batch), writing_.Begin(shared_from_this(), &PipeStream::OnWritten));
}

void PipeStream::OnRead(bool ok) {
  pipe_pb::PipeBatch batch;
  if (ok && !broken_ && !Decode(incoming_, batch)) {
    Fail(status::DataLoss("what {} sent is not a batch", service_));
  }
  if (!ok || broken_) {
    Break();
    return;
  }
  Handle(batch);
  if (broken_) return Break();
  call_->Read(&incoming_, reading_.Begin(shared_from_this(), &PipeStream::OnRead));
}

void PipeStream::Handle(pipe_pb::PipeBatch& batch) {
  if (!greeted_) {
    greeted_ = Greet(batch.hello());
    if (!greeted_ || listener_ == nullptr) return;
    listener_->OnHello(*this, batch.hello());
    FlushSoon();
  }
  for (pipe_pb::PipeReply& each : *batch.mutable_replies()) {
    if (listener_ == nullptr) return;
    listener_->OnReply(*this, std::move(each));
  }
  for (const pipe_pb::PipeNotice& each : batch.notices()) {
    if (listener_ == nullptr) return;
    listener_->OnNotice(*this, each);
  }
  if (batch.has_goodbye() && listener_ != nullptr) listener_->OnGoodbye(*this);
}

bool PipeStream::Greet(const pipe_pb::Hello& hello) {
  if (hello.service() == service_ && hello.protocol() == kPipeProtocol) return true;
  Fail(status::FailedPrecondition("a pipe to {} (protocol {}) is answered by '{}' (protocol {})",
                                  service_, kPipeProtocol, hello.service(), hello.protocol()));
  return false;
}

void PipeStream::Fail(absl::Status why) {
  if (failure_.ok()) failure_ = std::move(why);
  broken_ = true;
}

void PipeStream::Break() {
  broken_ = true;
  // Not where the replica ended it: what it said would be lost.
  if (!failure_.ok()) context_.TryCancel();
  TryFinish();
}

// gRPC wants nothing else under way. What was broken off here ends without a last word: its queue
// may be about to go.
void PipeStream::TryFinish() {
  if (listener_ == nullptr) return;
  if (starting_.under_way() || reading_.under_way() || writing_.under_way()) return;
  if (finishing_.under_way()) return;
  call_->Finish(&status_, finishing_.Begin(shared_from_this(), &PipeStream::OnFinished));
}

void PipeStream::OnFinished(bool) {
  absl::Status why = failure_.ok() ? FromGrpc(status_) : failure_;
  if (why.ok()) why = status::Unavailable("{} ended the pipe", service_);
  if (listener_ != nullptr) std::exchange(listener_, nullptr)->OnEnd(*this, why);
}

void PipeStream::Send(pipe_pb::PipeItem item) {
  waiting_.push_back(std::move(item));
  FlushSoon();
}

void PipeStream::Cancel(uint64_t id) {
  const auto unsent = std::find_if(waiting_.begin(), waiting_.end(),
                                   [id](const pipe_pb::PipeItem& each) { return each.id() == id; });
  if (unsent != waiting_.end()) {
    waiting_.erase(unsent);
    return;
  }
  cancelled_.push_back(id);
  FlushSoon();
}

void PipeStream::FinishWrites() {
  writes_end_ = true;
  FlushSoon();
}

void PipeStream::Close() {
  listener_ = nullptr;
  if (call_ == nullptr || std::exchange(broken_, true)) return;
  // What is under way ends as failed, and TryFinish follows.
  context_.TryCancel();
}

void PipeStream::FlushSoon() {
  if (!greeted_ || writing_.under_way() || std::exchange(flush_posted_, true)) return;
  asio::post(loop_.io(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->Flush();
  });
}

void PipeStream::Flush() {
  if (broken_ || writes_done_ || writing_.under_way()) return;
  if (!waiting_.empty() || !cancelled_.empty()) return WriteBatch();
  if (!writes_end_) return;
  writes_done_ = true;
  call_->WritesDone(writing_.Begin(shared_from_this(), &PipeStream::OnWritesDone));
}

void PipeStream::WriteBatch() {
  pipe_pb::PipeBatch batch;
  size_t bytes = 0;
  while (!waiting_.empty() && batch.items_size() < kMaxBatchItems) {
    pipe_pb::PipeItem& next = waiting_.front();
    bytes += next.request().size();
    if (batch.items_size() > 0 && bytes > kMaxBatchBytes) break;
    *batch.add_items() = std::move(next);
    waiting_.pop_front();
  }
  batch.mutable_cancelled()->Add(cancelled_.begin(), cancelled_.end());
  cancelled_.clear();
  call_->Write(Encode(batch), writing_.Begin(shared_from_this(), &PipeStream::OnWritten));
}

void PipeStream::OnWritten(bool ok) {
  if (broken_) return TryFinish();
  // The reading half hears why.
  if (!ok) return;
  Flush();
}

void PipeStream::OnWritesDone(bool) {
  if (broken_) TryFinish();
}

}  // namespace weir::rpc

#include "common/rpc/server_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include "common/rpc/byte_buffer.h"

namespace weir::rpc {
namespace {

// The call. Keeps itself alive until gRPC is done with it.
class Reading final : public std::enable_shared_from_this<Reading> {
 public:
  Reading(CompletionLoop& loop, size_t capacity)
      : loop_(loop),
        events_(std::make_shared<BufferedStream<std::string>>(loop.io().get_executor(), capacity)) {
  }

  void Begin(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
             const std::string& request) {
    request_ = ToByteBuffer(request);
    grpc::GenericStub stub(channel);
    call_ = stub.PrepareCall(&context_, method, &loop_.queue());
    call_->StartCall(starting_.Begin(shared_from_this(), &Reading::OnStarted));
  }
  // No last word follows: the queue may be about to go.
  void Cancel() {
    cancelled_ = true;
    context_.TryCancel();
  }
  const std::shared_ptr<BufferedStream<std::string>>& events() const { return events_; }

 private:
  void OnStarted(bool ok) {
    if (!ok || cancelled_) return Finish();
    call_->WriteLast(request_, grpc::WriteOptions(),
                     writing_.Begin(shared_from_this(), &Reading::OnWritten));
    Read();
  }
  void OnWritten(bool) {
    if (over_) Finish();
  }
  void Read() { call_->Read(&incoming_, reading_.Begin(shared_from_this(), &Reading::OnRead)); }
  void OnRead(bool ok) {
    const bool taken = ok && !cancelled_ && events_->Offer(TakeBytes(incoming_));
    if (taken) return Read();
    if (ok) context_.TryCancel();
    Finish();
  }
  void Finish() {
    over_ = true;
    if (writing_.under_way() || finishing_.under_way()) return;
    if (cancelled_) return events_->End();
    call_->Finish(&status_, finishing_.Begin(shared_from_this(), &Reading::OnFinished));
  }
  void OnFinished(bool) { events_->End(); }

  CompletionLoop& loop_;
  const std::shared_ptr<BufferedStream<std::string>> events_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> call_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
  OperationTag<Reading> starting_, writing_, reading_, finishing_;
  bool over_ = false;
  bool cancelled_ = false;
};

class CancellingStream final : public EventStream<std::string> {
 public:
  explicit CancellingStream(std::shared_ptr<Reading> reading) : reading_(std::move(reading)) {}
  ~CancellingStream() override { reading_->Cancel(); }
  asio::awaitable<absl::StatusOr<std::string>> Next() override {
    return reading_->events()->Next();
  }
  void End() override { reading_->events()->End(); }

 private:
  const std::shared_ptr<Reading> reading_;
};

}  // namespace

std::shared_ptr<EventStream<std::string>> OpenServerStream(
    CompletionLoop& loop, const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
    const std::string& request, size_t capacity) {
  auto reading = std::make_shared<Reading>(loop, capacity);
  reading->Begin(channel, method, request);
  return std::make_shared<CancellingStream>(std::move(reading));
}

}  // namespace weir::rpc

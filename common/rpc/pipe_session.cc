#include <deque>

#include "common/rpc/grpc_status.h"
#include "common/rpc/pipe_codec.h"
#include "common/rpc/service_call.h"

namespace weir::rpc {
namespace {

// Answers that wait to be written; with more the session stops reading, until its client reads.
constexpr size_t kMaxUnwritten = 8192;
// The same for the bytes of requests under way and of such answers.
constexpr size_t kMaxHeldBytes = 64 * 1024 * 1024;

// The server's end of a pipe.
class PipeSession final : public LiveCall, public std::enable_shared_from_this<PipeSession> {
 public:
  explicit PipeSession(std::unique_ptr<ServiceCall> call)
      : call_(std::move(call)), shared_(call_->shared) {}

  void Begin() {
    kept_ = shared_from_this();
    *batch_.mutable_hello() = Greeting();
    Flush();
    Read();
  }

  void OnLeaving() override {
    if (std::exchange(leaving_, true)) return;
    batch_.mutable_goodbye();
    FlushSoon();
  }

  void Notify(const pipe_pb::PipeNotice& notice) override {
    // Somebody does not read: the next one stands for all that follow.
    if (finished_ || batch_.notices_size() > kMaxNotices) return;
    pipe_pb::PipeNotice& next = *batch_.add_notices();
    next = notice;
    if (batch_.notices_size() > kMaxNotices) next.clear_subject();
    FlushSoon();
  }

  void Cut() override { Fail(status::Unavailable("the server has left")); }

 private:
  pipe_pb::Hello Greeting() const {
    const ServiceRegistry& registry = shared_.deps.registry;
    pipe_pb::Hello hello;
    hello.set_service(registry.service());
    hello.set_protocol(kPipeProtocol);
    hello.set_version(shared_.options.version);
    hello.set_store_id(shared_.options.store_id);
    for (const std::string& each : registry.Names()) hello.add_capabilities(each);
    return hello;
  }

  void Read() {
    call_->stream.Read(&incoming_, reading_.Begin(shared_from_this(), &PipeSession::OnRead));
  }

  void OnRead(bool ok) {
    if (!ok) {
      reading_done_ = true;
      return TryFinish();
    }
    pipe_pb::PipeBatch batch;
    absl::Status good = Decode(incoming_, batch)
                            ? absl::OkStatus()
                            : status::InvalidArgument("what came on the pipe is not a batch");
    if (good.ok() && !std::exchange(greeted_, true)) good = CheckHello(batch.hello());
    if (good.ok() && batch.items_size() > kMaxBatchItems) {
      good = status::InvalidArgument("a batch of {} items, want at most {}", batch.items_size(),
                                     kMaxBatchItems);
    }
    if (!good.ok()) return Fail(good);
    for (pipe_pb::PipeItem& each : *batch.mutable_items()) Take(std::move(each));
    if (HasRoom()) return Read();
    reading_paused_ = true;
  }

  bool HasRoom() const { return replies_.size() < kMaxUnwritten && held_bytes_ < kMaxHeldBytes; }

  absl::Status CheckHello(const pipe_pb::Hello& hello) const {
    const std::string& own = shared_.deps.registry.service();
    if (hello.service() == own && hello.protocol() == kPipeProtocol) return absl::OkStatus();
    return status::FailedPrecondition(
        "the pipe is for '{}' (protocol {}), this is {} (protocol {})", hello.service(),
        hello.protocol(), own, kPipeProtocol);
  }

  void Take(pipe_pb::PipeItem item) {
    absl::StatusOr<const ServiceRegistry::Method*> method = MethodOf(item);
    if (!method.ok()) return Reply(item.id(), method.status());
    api::CallContext context;
    if (item.timeout_ms() > 0) {
      context.deadline = shared_.Now() + std::chrono::milliseconds(item.timeout_ms());
    }
    ++in_flight_;
    held_bytes_ += item.request().size();
    asio::co_spawn(
        shared_.deps.io,
        Run(shared_from_this(), *method, context, item.id(), std::move(*item.mutable_request())),
        asio::detached);
  }

  absl::StatusOr<const ServiceRegistry::Method*> MethodOf(const pipe_pb::PipeItem& item) {
    const ServiceRegistry::Method* method = shared_.deps.registry.Find(item.method());
    if (method == nullptr || !method->call) {
      return status::Unimplemented("{} has no method '{}' on a pipe",
                                   shared_.deps.registry.service(), item.method().substr(0, 128));
    }
    WEIR_RETURN_IF_ERROR(call_->MayCall(item.method()));
    if (in_flight_ >= shared_.options.max_in_flight) {
      // Not kResourceExhausted: of quota that says that a limit is reached.
      return status::Unavailable("{} items of this pipe are under way already", in_flight_);
    }
    return method;
  }

  // Does not own the session, which may be cut off before the work is done.
  static asio::awaitable<void> Run(std::weak_ptr<PipeSession> session,
                                   const ServiceRegistry::Method* method, api::CallContext context,
                                   uint64_t id, std::string request) {
    const size_t bytes = request.size();
    absl::StatusOr<std::string> answer = co_await method->call(context, std::move(request));
    const std::shared_ptr<PipeSession> self = session.lock();
    if (self == nullptr) co_return;
    --self->in_flight_;
    self->held_bytes_ -= bytes;
    self->Reply(id, std::move(answer));
  }

  void Reply(uint64_t id, absl::StatusOr<std::string> answer) {
    pipe_pb::PipeReply reply;
    reply.set_id(id);
    if (answer.ok()) {
      reply.set_response(*std::move(answer));
    } else {
      *reply.mutable_status() = ToRich(answer.status());
    }
    held_bytes_ += reply.response().size();
    replies_.push_back(std::move(reply));
    FlushSoon();
  }

  // What is answered in one turn of the loop leaves together.
  void FlushSoon() {
    if (writing_.under_way() || std::exchange(flush_posted_, true)) return;
    asio::post(shared_.deps.io, [self = shared_from_this()] {
      self->flush_posted_ = false;
      self->Flush();
    });
  }

  void Flush() {
    if (finished_) return;
    if (broken_ || writing_.under_way()) return TryFinish();
    size_t bytes = 0;
    while (!replies_.empty() && batch_.replies_size() < kMaxBatchItems) {
      bytes += replies_.front().response().size();
      if (batch_.replies_size() > 0 && bytes > kMaxBatchBytes) break;
      held_bytes_ -= replies_.front().response().size();
      *batch_.add_replies() = std::move(replies_.front());
      replies_.pop_front();
    }
    const bool nothing = batch_.replies_size() == 0 && batch_.notices_size() == 0 &&
                         !batch_.has_hello() && !batch_.has_goodbye();
    if (nothing) return TryFinish();
    call_->stream.Write(Encode(batch_),
                        writing_.Begin(shared_from_this(), &PipeSession::OnWritten));
    batch_.Clear();
  }

  void OnWritten(bool ok) {
    broken_ = broken_ || !ok;
    if (reading_paused_ && (broken_ || HasRoom())) {
      reading_paused_ = false;
      Read();
    }
    Flush();
  }

  // The client broke the rules of the exchange itself.
  void Fail(absl::Status why) {
    failure_ = std::move(why);
    broken_ = reading_done_ = true;
    TryFinish();
  }

  // Once the client has ended its half, and has its answers or is gone.
  void TryFinish() {
    const bool over = broken_ || (in_flight_ == 0 && replies_.empty() && !flush_posted_);
    if (finished_ || !reading_done_ || writing_.under_way() || !over) return;
    finished_ = true;
    call_->stream.Finish(ToGrpc(failure_),
                         finishing_.Begin(std::exchange(kept_, nullptr), &PipeSession::OnFinished));
  }
  void OnFinished(bool) {}

  const std::unique_ptr<ServiceCall> call_;
  const ServiceCall::Shared& shared_;
  OperationTag<PipeSession> reading_, writing_, finishing_;
  grpc::ByteBuffer incoming_;
  // Until its last word: between two operations nothing of gRPC holds it.
  std::shared_ptr<PipeSession> kept_;
  pipe_pb::PipeBatch batch_;  // What the next write carries besides replies.
  std::deque<pipe_pb::PipeReply> replies_;
  absl::Status failure_;
  size_t in_flight_ = 0;
  size_t held_bytes_ = 0;
  bool greeted_ = false;
  bool leaving_ = false;
  bool flush_posted_ = false;
  bool reading_paused_ = false;
  bool reading_done_ = false;
  bool broken_ = false;
  bool finished_ = false;
};

}  // namespace

std::shared_ptr<LiveCall> AnswerPipe(std::unique_ptr<ServiceCall> call) {
  auto session = std::make_shared<PipeSession>(std::move(call));
  session->Begin();
  return session;
}

}  // namespace weir::rpc

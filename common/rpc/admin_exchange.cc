#include "common/rpc/admin_exchange.h"

#include "common/rpc/access_table.h"
#include "common/rpc/bearer_token.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/peer_name.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

std::vector<std::string_view> Authorization(const grpc::ServerContext& context) {
  std::vector<std::string_view> values;
  auto [first, last] = context.client_metadata().equal_range("authorization");
  for (; first != last; ++first) values.emplace_back(first->second.data(), first->second.size());
  return values;
}

bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace

AdminExchange::AdminExchange(const Shared& shared, std::function<void()> leave)
    : leave_{std::move(leave)}, shared_(shared), stream_(&context_) {}

void* AdminExchange::Then(void (AdminExchange::*step)(bool)) {
  return new Completion([self = shared_from_this(), step](bool ok) { (self.get()->*step)(ok); });
}

void AdminExchange::Work(void (AdminExchange::*step)()) {
  auto work = [self = shared_from_this(), step] { (self.get()->*step)(); };
  if (!shared_.deps.workers.TryPost(std::move(work))) TurnAway();
}

void AdminExchange::Await(grpc::AsyncGenericService& service, std::function<void(bool)> arrived) {
  auto* tag = new Completion([self = shared_from_this(), arrived](bool ok) { arrived(ok); });
  service.RequestCall(&context_, &stream_, shared_.queue, shared_.queue, tag);
}

void AdminExchange::Begin() {
  begun_ = shared_.deps.clock.Monotonic();
  if (absl::Status may = MayAdminister(PeerName(context_)); !may.ok()) return Finish(may);
  if (Health::Serves(context_.method())) return Receive();
  Work(&AdminExchange::Authenticate);
}

void AdminExchange::TurnAway() {
  begun_ = shared_.deps.clock.Monotonic();
  Finish(status::ResourceExhausted("the admin port is busy, try again"));
}

// Nothing of the request is read before this is through: neither a parser nor a buffer works for a
// stranger.
void AdminExchange::Authenticate() {
  absl::StatusOr<std::string> token = BearerToken(Authorization(context_));
  if (!token.ok()) return Finish(token.status());
  absl::StatusOr<api::AdminCall> call = shared_.deps.tokens.Verify(*token);
  if (!call.ok()) return Finish(call.status());
  call_ = *std::move(call);

  method_ = shared_.deps.registry.Find(context_.method());
  if (method_ == nullptr && !Reflection::Serves(context_.method())) {
    return Finish(
        status::Unimplemented("no admin method '{}'", text::Excerpt(context_.method(), 128)));
  }
  Receive();
}

void AdminExchange::Receive() {
  const auto until = std::chrono::system_clock::now() + shared_.options.receive_timeout;
  silence_ = std::make_shared<grpc::Alarm>();
  const int next = messages_received_ + 1;
  auto on_alarm = [self = shared_from_this(), alarm = silence_, next](bool fired) {
    if (fired) self->OnSilence(next);
  };
  silence_->Set(shared_.queue, until, new Completion(std::move(on_alarm)));
  stream_.Read(&message_, Then(&AdminExchange::OnReceived));
}

void AdminExchange::OnSilence(int message) {
  // It may have come in the same moment; then this alarm is about the past.
  if (messages_received_ < message) context_.TryCancel();
}

void AdminExchange::OnReceived(bool ok) {
  ++messages_received_;
  silence_->Cancel();
  if (ok) return Work(&AdminExchange::Answer);
  // Reflection ends so; anything else has to bring one message.
  if (method_ == nullptr) return Finish(absl::OkStatus());
  Finish(
      status::InvalidArgument("calling {}: the call ended without a request", method_->full_name));
}

void AdminExchange::Answer() {
  const std::string request = TakeBytes(message_);
  const bool is_health = Health::Serves(context_.method());
  if (method_ == nullptr && !is_health) return AnswerReflection(request);
  absl::StatusOr<std::string> response =
      is_health ? shared_.health.Answer(request) : Handle(request);
  if (!response.ok()) return Finish(response.status());
  FinishWith(*response);
}

void AdminExchange::AnswerReflection(const std::string& request) {
  absl::StatusOr<std::string> answer = shared_.reflection.Answer(request);
  if (!answer.ok()) return Finish(answer.status());
  stream_.Write(ToByteBuffer(*answer), Then(&AdminExchange::OnReflectionSent));
}

void AdminExchange::OnReflectionSent(bool ok) {
  if (ok) return Receive();
  Finish(status::Cancelled("the caller went away"));
}

absl::StatusOr<std::string> AdminExchange::Handle(const std::string& bytes) {
  // A change whose caller has given up waiting would surprise them when they repeat it.
  if (shared_.deps.clock.Now() > context_.deadline()) {
    return status::DeadlineExceeded("calling {}: it waited too long for its turn",
                                    method_->full_name);
  }
  const std::unique_ptr<google::protobuf::Message> request(method_->request_prototype->New());
  if (!request->ParseFromString(bytes)) {
    return status::InvalidArgument("calling {}: {} bytes are not a {}", method_->full_name,
                                   bytes.size(), request->GetDescriptor()->full_name());
  }
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<google::protobuf::Message> response,
                        shared_.deps.registry.Call(call_, method_->full_name, *request));
  return response->SerializeAsString();
}

void AdminExchange::FinishWith(const std::string& response) {
  Report(absl::OkStatus());
  auto* tag = new Completion([self = shared_from_this()](bool) {});
  stream_.WriteAndFinish(ToByteBuffer(response), grpc::WriteOptions(), grpc::Status::OK, tag);
}

void AdminExchange::Finish(const absl::Status& status) {
  Report(status);
  stream_.Finish(ToGrpc(status), new Completion([self = shared_from_this()](bool) {}));
}

void AdminExchange::Report(const absl::Status& status) {
  if (!shared_.on_call) return;
  const bool may_change =
      method_ != nullptr && method_->access.role > weir::common::v1::ROLE_VIEWER;
  if (!may_change && !IsRefusal(status)) return;
  const std::string name =
      method_ != nullptr ? method_->full_name : text::Excerpt(context_.method(), 128);
  shared_.on_call(call_, name, status, shared_.deps.clock.Monotonic() - begun_);
}

}  // namespace weir::rpc

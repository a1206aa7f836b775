#include "common/rpc/admin_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "common/rpc/admin_address.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/pem_file.h"

namespace weir::rpc {
namespace {

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
    const AdminClientOptions& options) {
  if (options.ca_file.empty()) return grpc::InsecureChannelCredentials();
  WEIR_ASSIGN_OR_RETURN(std::string ca, ReadPemFile(options.ca_file));
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = std::move(ca);
  return grpc::SslCredentials(tls);
}

}  // namespace

class AdminClient::Impl {
 public:
  Impl(AdminClientOptions options, std::shared_ptr<grpc::Channel> channel)
      : options_(std::move(options)), stub_(std::move(channel)) {}

  absl::StatusOr<std::string> Call(std::string_view full_method, const std::string& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    if (!options_.token.empty()) {
      context.AddMetadata("authorization", "Bearer " + options_.token);
    }
    // gRPC has no blocking generic call; a queue of one is that.
    grpc::CompletionQueue queue;
    grpc::ByteBuffer answer;
    grpc::Status status;
    const std::string path = fmt::format("/{}", full_method);
    auto call = stub_.PrepareUnaryCall(&context, path, ToByteBuffer(request), &queue);
    call->StartCall();
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) return FromGrpc(status);
    return TakeBytes(answer);
  }

 private:
  const AdminClientOptions options_;
  grpc::GenericStub stub_;
};

AdminClient::AdminClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminClient::~AdminClient() = default;

absl::StatusOr<std::unique_ptr<AdminClient>> AdminClient::Create(AdminClientOptions options) {
  if (options.ca_file.empty()) {
    WEIR_RETURN_IF_ERROR(CheckAdminAddress(options.address, /*tls=*/false));
  }
  WEIR_ASSIGN_OR_RETURN(auto credentials, Credentials(options));
  auto channel = grpc::CreateChannel(options.address, credentials);
  auto impl = std::make_unique<Impl>(std::move(options), std::move(channel));
  return std::unique_ptr<AdminClient>(new AdminClient(std::move(impl)));
}

absl::StatusOr<std::string> AdminClient::CallBytes(std::string_view full_method,
                                                   const std::string& request) {
  return impl_->Call(full_method, request);
}

absl::Status AdminClient::Call(std::string_view full_method, const Message& request,
                               Message& response) {
  WEIR_ASSIGN_OR_RETURN(const std::string answer,
                        CallBytes(full_method, request.SerializeAsString()));
  if (response.ParseFromString(answer)) return absl::OkStatus();
  return status::DataLoss("calling {}: {} bytes of the answer are not a {}", full_method,
                          answer.size(), response.GetDescriptor()->full_name());
}

}  // namespace weir::rpc

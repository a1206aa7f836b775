#include "common/rpc/admin_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <map>

#include "common/rpc/admin_routes.h"
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
  Impl(AdminClientOptions options, AdminRoutes routes,
       const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : options_(std::move(options)), routes_(std::move(routes)) {
    for (const auto& [part, address] : routes_) {
      stubs_.try_emplace(address, grpc::CreateChannel(address, credentials));
      addresses_.push_back(address);
    }
  }

  absl::StatusOr<std::string> Call(std::string_view full_method, const std::string& request) {
    WEIR_ASSIGN_OR_RETURN(const std::string address, AddressFor(routes_, full_method));
    return CallAt(address, full_method, request);
  }

  const std::vector<std::string>& addresses() const { return addresses_; }

  absl::StatusOr<std::string> CallAt(const std::string& address, std::string_view full_method,
                                     const std::string& request) {
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
    auto call = stubs_.at(address).PrepareUnaryCall(&context, path, ToByteBuffer(request), &queue);
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
  const AdminRoutes routes_;
  std::vector<std::string> addresses_;
  std::map<std::string, grpc::GenericStub> stubs_;  // By address.
};

AdminClient::AdminClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminClient::~AdminClient() = default;

absl::StatusOr<std::unique_ptr<AdminClient>> AdminClient::Create(AdminClientOptions options) {
  WEIR_ASSIGN_OR_RETURN(AdminRoutes routes,
                        ParseAdminRoutes(options.address, !options.ca_file.empty()));
  WEIR_ASSIGN_OR_RETURN(const auto credentials, Credentials(options));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(routes), credentials);
  return std::unique_ptr<AdminClient>(new AdminClient(std::move(impl)));
}

absl::StatusOr<std::string> AdminClient::CallBytes(std::string_view full_method,
                                                   const std::string& request) {
  return impl_->Call(full_method, request);
}

namespace {

absl::Status Read(const absl::StatusOr<std::string>& answer, std::string_view full_method,
                  AdminClient::Message& response) {
  if (!answer.ok()) return answer.status();
  if (response.ParseFromString(*answer)) return absl::OkStatus();
  return status::DataLoss("calling {}: {} bytes of the answer are not a {}", full_method,
                          answer->size(), response.GetDescriptor()->full_name());
}

}  // namespace

absl::Status AdminClient::Call(std::string_view full_method, const Message& request,
                               Message& response) {
  return Read(CallBytes(full_method, request.SerializeAsString()), full_method, response);
}

absl::Status AdminClient::CallAt(const std::string& address, std::string_view full_method,
                                 const Message& request, Message& response) {
  return Read(impl_->CallAt(address, full_method, request.SerializeAsString()), full_method,
              response);
}

const std::vector<std::string>& AdminClient::addresses() const { return impl_->addresses(); }

}  // namespace weir::rpc

#include "common/rpc/peer_tls.h"

#include "common/rpc/pem_file.h"

namespace weir::rpc {
namespace {

struct Pem {
  std::string certificate;
  std::string key;
  std::string ca;
};

absl::StatusOr<Pem> Read(const PeerTls& tls) {
  if (tls.key_file.empty() || tls.ca_file.empty()) {
    return status::InvalidArgument(
        "rpc.tls has a certificate without key and ca, want all three or none");
  }
  Pem pem;
  WEIR_ASSIGN_OR_RETURN(pem.certificate, ReadPemFile(tls.certificate_file));
  WEIR_ASSIGN_OR_RETURN(pem.key, ReadPemFile(tls.key_file));
  WEIR_ASSIGN_OR_RETURN(pem.ca, ReadPemFile(tls.ca_file));
  return pem;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const PeerTls& tls) {
  if (!tls.enabled()) return grpc::InsecureServerCredentials();
  WEIR_ASSIGN_OR_RETURN(Pem pem, Read(tls));
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(pem.ca);
  options.pem_key_cert_pairs.push_back({std::move(pem.key), std::move(pem.certificate)});
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(const PeerTls& tls) {
  if (!tls.enabled()) return grpc::InsecureChannelCredentials();
  WEIR_ASSIGN_OR_RETURN(Pem pem, Read(tls));
  return grpc::SslCredentials({.pem_root_certs = std::move(pem.ca),
                               .pem_private_key = std::move(pem.key),
                               .pem_cert_chain = std::move(pem.certificate)});
}

}  // namespace weir::rpc

#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "common/status/status.h"

namespace weir::rpc {

// How processes of weir prove to each other who they are: mutual TLS with certificates of one CA,
// whose first DNS name says which part it is ("quota.weir"). All three files, or none: plaintext,
// on this machine alone. PEM.
struct PeerTls {
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
  bool enabled() const { return !certificate_file.empty(); }
};

// kInvalidArgument: some files without the others, or one that cannot be read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const PeerTls& tls);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(const PeerTls& tls);

}  // namespace weir::rpc

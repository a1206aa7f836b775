#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace weir::rpc {

// Who calls: the first DNS name of the certificate that it showed ("edge.weir"). Empty: none.
inline std::string PeerName(const grpc::ServerContextBase& context) {
  const auto names = context.auth_context()->FindPropertyValues("x509_subject_alternative_name");
  return names.empty() ? "" : std::string(names.front().data(), names.front().size());
}

}  // namespace weir::rpc

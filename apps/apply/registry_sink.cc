#include "apps/apply/registry_sink.h"

#include "apps/apply/changed.h"

namespace weir::apply {

RegistrySink::RegistrySink(const rpc::AdminRegistry& registry, api::AdminCall call)
    : registry_(registry), call_(std::move(call)) {}

absl::StatusOr<bool> RegistrySink::Put(std::string_view method,
                                       const google::protobuf::Message& request) {
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<google::protobuf::Message> response,
                        registry_.Call(call_, method, request));
  return Changed(*response);
}

}  // namespace weir::apply

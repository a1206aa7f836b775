#pragma once

#include "apps/apply/sink.h"
#include "common/api/admin_call.h"
#include "common/rpc/admin_registry.h"

namespace weir::apply {

// Puts into the admin methods of this process, under the same access rules as a call from outside.
class RegistrySink final : public Sink {
 public:
  // `registry` must outlive this object. `call` is who applies: {.actor = "bootstrap", .role =
  // ROLE_ADMIN} at start.
  RegistrySink(const rpc::AdminRegistry& registry, api::AdminCall call);

  absl::StatusOr<bool> Put(std::string_view method,
                           const google::protobuf::Message& request) override;

 private:
  const rpc::AdminRegistry& registry_;
  const api::AdminCall call_;
};

}  // namespace weir::apply

#pragma once

#include <optional>
#include <string>

#include "common/api/admin_call.h"
#include "common/async/mutex.h"
#include "common/crypto/sealer.h"
#include "common/time/clock.h"
#include "services/routing/catalog.h"
#include "services/routing/config.h"
#include "services/routing/route_store.h"
#include "services/routing/routing_service.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// Edits who answers. One method per RPC of weir.routing.v1.RoutingAdminService, whose comments are
// the contract; that the caller may is checked before. Thread-safe; every method blocks: run it on
// a WorkerPool.
//
// When a Put or Delete returns OK, the change is durable and RoutingService plans by it. Every
// method: kInvalidArgument with a BadFields detail that lists all that is wrong; kUnavailable where
// the store cannot be asked. No answer and no message ever has a credential.
class RoutingAdmin {
 public:
  struct Deps {
    RoutingService& routing;  // All four must outlive this object.
    RouteStore& store;        // The one that `routing` reads.
    const crypto::Sealer& sealer;
    const Clock& clock;
  };
  RoutingAdmin(RoutingConfig config, Deps deps);

  absl::StatusOr<v1::PutProviderResponse> PutProvider(const api::AdminCall& call,
                                                      const v1::PutProviderRequest& request);
  absl::StatusOr<v1::ListProvidersResponse> ListProviders(const api::AdminCall& call,
                                                          const v1::ListProvidersRequest& request);
  // kFailedPrecondition: models or proxies name it, which the message lists.
  absl::StatusOr<v1::DeleteProviderResponse> DeleteProvider(
      const api::AdminCall& call, const v1::DeleteProviderRequest& request);

  absl::StatusOr<v1::PutModelResponse> PutModel(const api::AdminCall& call,
                                                const v1::PutModelRequest& request);
  absl::StatusOr<v1::ListModelsResponse> ListModels(const api::AdminCall& call,
                                                    const v1::ListModelsRequest& request);
  // kFailedPrecondition: proxies name it, which the message lists.
  absl::StatusOr<v1::DeleteModelResponse> DeleteModel(const api::AdminCall& call,
                                                      const v1::DeleteModelRequest& request);

  // kAlreadyExists: another proxy has the context. The message names it, unless it is of an
  // organisation that `call` may not see.
  absl::StatusOr<v1::PutProxyResponse> PutProxy(const api::AdminCall& call,
                                                const v1::PutProxyRequest& request);
  absl::StatusOr<v1::ListProxiesResponse> ListProxies(const api::AdminCall& call,
                                                      const v1::ListProxiesRequest& request);
  absl::StatusOr<v1::DeleteProxyResponse> DeleteProxy(const api::AdminCall& call,
                                                      const v1::DeleteProxyRequest& request);

  absl::StatusOr<v1::GetHealthResponse> GetHealth(const api::AdminCall& call,
                                                  const v1::GetHealthRequest& request);

 private:
  // A credential and how it lies in the store.
  struct Credential {
    std::string sealed;
    bool changed = false;
  };

  absl::StatusOr<v1::PutProviderResponse> TryPutProvider(const api::AdminCall& call,
                                                         const v1::PutProviderRequest& request);
  absl::StatusOr<v1::PutModelResponse> TryPutModel(const api::AdminCall& call,
                                                   const v1::PutModelRequest& request);
  absl::StatusOr<v1::PutProxyResponse> TryPutProxy(const api::AdminCall& call,
                                                   const v1::PutProxyRequest& request);
  absl::Status TryDelete(const api::AdminCall& call, const ObjectId& id);
  absl::Status Delete(const api::AdminCall& call, ObjectKind kind, const std::string& organization,
                      const std::string& name);

  Credential WantedCredential(const v1::Provider& wanted, const ProviderEntry* stored) const;
  EditContext Edit(const api::AdminCall& call, const Catalog& read) const;
  // Stores and lets RoutingService take the change up.
  absl::Status Store(const StoredObject& object, const EditContext& edit);

  const RoutingConfig config_;
  RoutingService& routing_;
  RouteStore& store_;
  const crypto::Sealer& sealer_;
  const Clock& clock_;
  // One edit at a time in this process; other processes' edits show as kAborted, and the edit is
  // made anew.
  Mutex edit_mutex_;
};

}  // namespace weir::routing

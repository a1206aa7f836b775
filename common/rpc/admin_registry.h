#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/admin_call.h"
#include "common/rpc/access_rule.h"
#include "common/status/status.h"

namespace weir::rpc {

// All admin methods of a process and who may call each, whatever carries the call: the gRPC server
// (admin_server.h) and the documents applied at start go through the same table, so an access rule
// cannot be passed by.
//
// Add() everything, then Complete(); from then on it does not change and is thread-safe.
class AdminRegistry {
 public:
  using Message = google::protobuf::Message;
  template <typename Req, typename Resp>
  using Handler = std::function<absl::StatusOr<Resp>(const api::AdminCall&, const Req&)>;

  // One method, as registered.
  struct Method {
    std::string full_name;  // "weir.identity.v1.IdentityAdminService/PutTeam".
    const google::protobuf::MethodDescriptor* descriptor = nullptr;
    AccessRule access;
    const Message* request_prototype = nullptr;  // New() makes an empty request.
    std::function<absl::StatusOr<std::unique_ptr<Message>>(const api::AdminCall&, const Message&)>
        run;
  };

  // Serves `method` of `service` (its full name, "weir.identity.v1.IdentityAdminService") with
  // `handler`, which may block and is called from several threads at once. Where the names or types
  // do not fit the protos, Complete() says so.
  //
  // A handler whose request names no organisation (ListOrganizations, ListAdminTokens) keeps to
  // `call.organization` itself.
  template <typename Req, typename Resp>
  void Add(std::string_view service, std::string_view method, Handler<Req, Resp> handler) {
    AddUntyped(service, method, Req::default_instance(), *Resp::descriptor(),
               [handler = std::move(handler)](const api::AdminCall& call, const Message& request)
                   -> absl::StatusOr<std::unique_ptr<Message>> {
                 absl::StatusOr<Resp> response = handler(call, static_cast<const Req&>(request));
                 if (!response.ok()) return response.status();
                 return std::make_unique<Resp>(*std::move(response));
               });
  }

  // kFailedPrecondition, naming each: a method that is not in the protos, has other types or no
  // access rule, was added twice, or is missing although its service has others. A process that
  // gets it must not start.
  absl::Status Complete() const;

  // Runs `full_method` ("package.Service/Method"; a leading slash is allowed) once the access rule
  // let it pass.
  //
  // kUnimplemented: no such method. kPermissionDenied: the token's role or organisation does not
  // allow it. kInvalidArgument: `request` is of another type, or lacks the organisation that a
  // bound token must name. Else what the handler returns.
  absl::StatusOr<std::unique_ptr<Message>> Call(const api::AdminCall& call,
                                                std::string_view full_method,
                                                const Message& request) const;

  // Null where there is none; a leading slash is allowed. Valid as long as the registry.
  const Method* Find(std::string_view full_method) const;

  // Every method, by full name.
  std::vector<const Method*> Methods() const;

  // Full names of the services that have a method here, sorted.
  std::vector<std::string> Services() const;

 private:
  void AddUntyped(std::string_view service, std::string_view method, const Message& request,
                  const google::protobuf::Descriptor& response, decltype(Method::run) run);

  std::map<std::string, Method, std::less<>> methods_;
  std::vector<std::string> faults_;
};

}  // namespace weir::rpc

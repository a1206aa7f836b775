#include "common/rpc/admin_registry.h"

#include <algorithm>

#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

namespace pb = google::protobuf;

std::string_view WithoutSlash(std::string_view method) {
  if (method.starts_with('/')) method.remove_prefix(1);
  return method;
}

std::string_view ServiceOf(std::string_view full_method) {
  return full_method.substr(0, full_method.find('/'));
}

const pb::ServiceDescriptor* FindService(std::string_view name) {
  return pb::DescriptorPool::generated_pool()->FindServiceByName(std::string(name));
}

// What is wrong with registering `method` for these types; empty where nothing is.
std::string Fault(const pb::MethodDescriptor* method, const pb::Descriptor& request,
                  const pb::Descriptor& response, const AccessRule& access) {
  if (method == nullptr) return "is not in the protos";
  if (method->client_streaming() || method->server_streaming()) return "streams, want unary";
  if (method->input_type() != &request) {
    return fmt::format("is registered for {}, want {}", request.full_name(),
                       method->input_type()->full_name());
  }
  if (method->output_type() != &response) {
    return fmt::format("is registered to answer {}, want {}", response.full_name(),
                       method->output_type()->full_name());
  }
  if (access.role == weir::common::v1::ROLE_UNSPECIFIED) {
    return "has no access rule, want option (weir.common.v1.access)";
  }
  return "";
}

}  // namespace

void AdminRegistry::AddUntyped(std::string_view service, std::string_view method,
                               const Message& request, const pb::Descriptor& response,
                               decltype(Method::run) run) {
  Method added{.full_name = fmt::format("{}/{}", service, method),
               .request_prototype = &request,
               .run = std::move(run)};
  const pb::ServiceDescriptor* found = FindService(service);
  added.descriptor = found == nullptr ? nullptr : found->FindMethodByName(std::string(method));
  if (added.descriptor != nullptr) added.access = ReadAccessRule(*added.descriptor);

  const std::string fault =
      Fault(added.descriptor, *request.GetDescriptor(), response, added.access);
  if (!fault.empty()) {
    faults_.push_back(fmt::format("{} {}", added.full_name, fault));
    return;
  }
  std::string name = added.full_name;
  if (!methods_.emplace(name, std::move(added)).second) {
    faults_.push_back(fmt::format("{} is registered twice", name));
  }
}

absl::Status AdminRegistry::Complete() const {
  std::vector<std::string> faults = faults_;
  for (const std::string& name : Services()) {
    const pb::ServiceDescriptor* service = FindService(name);
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string method = fmt::format("{}/{}", name, service->method(i)->name());
      if (!methods_.contains(method)) faults.push_back(method + " is not registered");
    }
  }
  if (faults.empty()) return absl::OkStatus();
  return status::FailedPrecondition("admin methods: {}", fmt::join(faults, "; "));
}

absl::StatusOr<std::unique_ptr<pb::Message>> AdminRegistry::Call(const api::AdminCall& call,
                                                                 std::string_view full_method,
                                                                 const Message& request) const {
  const Method* method = Find(full_method);
  if (method == nullptr) {
    return status::Unimplemented("no admin method '{}'", text::Excerpt(full_method, 128));
  }
  if (request.GetDescriptor() != method->descriptor->input_type()) {
    return status::InvalidArgument("calling {}: the request is a {}, want a {}", method->full_name,
                                   request.GetDescriptor()->full_name(),
                                   method->descriptor->input_type()->full_name());
  }
  if (absl::Status allowed = CheckAccess(method->access, call, request); !allowed.ok()) {
    return status::While(allowed, "calling {}", method->full_name);
  }
  return method->run(call, request);
}

const AdminRegistry::Method* AdminRegistry::Find(std::string_view full_method) const {
  auto found = methods_.find(WithoutSlash(full_method));
  return found == methods_.end() ? nullptr : &found->second;
}

std::vector<const AdminRegistry::Method*> AdminRegistry::Methods() const {
  std::vector<const Method*> methods;
  for (const auto& [name, method] : methods_) methods.push_back(&method);
  return methods;
}

std::vector<std::string> AdminRegistry::Services() const {
  std::vector<std::string> services;
  for (const auto& [name, method] : methods_) {
    // The methods are sorted, so equal services are neighbours.
    if (services.empty() || services.back() != ServiceOf(name)) {
      services.emplace_back(ServiceOf(name));
    }
  }
  return services;
}

}  // namespace weir::rpc

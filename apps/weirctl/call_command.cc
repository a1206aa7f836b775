#include <google/protobuf/util/json_util.h>

#include <iterator>
#include <memory>

#include "apps/apply/kind.h"
#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "common/text/excerpt.h"

namespace weir::weirctl {
namespace {

namespace pb = google::protobuf;

std::unique_ptr<pb::Message> NewMessage(const pb::Descriptor* type) {
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// The services that documents go to are all the admin services there are.
std::vector<const pb::ServiceDescriptor*> Services() {
  std::vector<const pb::ServiceDescriptor*> services;
  for (const apply::Kind& kind : apply::Kinds()) {
    const auto* service = kind.request->GetDescriptor()->file()->service(0);
    if (std::find(services.begin(), services.end(), service) == services.end()) {
      services.push_back(service);
    }
  }
  return services;
}

absl::StatusOr<const pb::MethodDescriptor*> FindMethod(const std::string& name) {
  const size_t slash = name.find('/');
  const std::string service = name.substr(0, slash);
  std::vector<std::string> known;
  for (const pb::ServiceDescriptor* each : Services()) {
    known.push_back(each->name());
    if (service != each->name() && service != each->full_name()) continue;
    const auto* method =
        slash == std::string::npos ? nullptr : each->FindMethodByName(name.substr(slash + 1));
    if (method != nullptr) return method;
    std::vector<std::string> methods;
    for (int i = 0; i < each->method_count(); ++i) methods.push_back(each->method(i)->name());
    return status::InvalidArgument("method is '{}', want {}/ and one of {}",
                                   text::Excerpt(name, 128), each->name(),
                                   fmt::join(methods, ", "));
  }
  return status::InvalidArgument("method is '{}', want SERVICE/METHOD of {}",
                                 text::Excerpt(name, 128), fmt::join(known, ", "));
}

}  // namespace

absl::Status RunCall(const CommandContext& context, const CallArguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const pb::MethodDescriptor* method, FindMethod(arguments.method));
  std::string json = arguments.request.empty() ? "{}" : arguments.request;
  if (json == "-") json.assign(std::istreambuf_iterator<char>(context.around.in), {});
  const std::unique_ptr<pb::Message> request = NewMessage(method->input_type());
  const auto parsed = pb::util::JsonStringToMessage(json, request.get());
  if (!parsed.ok()) {
    return status::InvalidArgument("the request is not a {} in JSON: {}",
                                   method->input_type()->full_name(),
                                   std::string(parsed.message()));
  }
  const std::unique_ptr<pb::Message> response = NewMessage(method->output_type());
  const std::string path = fmt::format("{}/{}", method->service()->full_name(), method->name());
  WEIR_RETURN_IF_ERROR(context.client.Call(path, *request, *response));
  context.out() << ToJson(*response);
  return absl::OkStatus();
}

}  // namespace weir::weirctl

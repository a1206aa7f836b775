#include "common/rpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <set>

#include "common/text/excerpt.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace weir::rpc {
namespace {

namespace pb = google::protobuf;
namespace wire = grpc::reflection::v1;

const pb::DescriptorPool& Pool() { return *pb::DescriptorPool::generated_pool(); }

const std::string& ServiceOf(const pb::Descriptor* a_message_of_its_file) {
  return a_message_of_its_file->file()->service(0)->full_name();
}

// By a message of each file, so that the linker keeps files that nothing else names.
const std::string& V1Name() { return ServiceOf(wire::ServerReflectionRequest::descriptor()); }
const std::string& V1AlphaName() {
  return ServiceOf(grpc::reflection::v1alpha::ServerReflectionRequest::descriptor());
}
const std::string& HealthName() {
  return ServiceOf(grpc::health::v1::HealthCheckRequest::descriptor());
}

void AddWithImports(const pb::FileDescriptor* file, std::set<std::string>& done,
                    wire::FileDescriptorResponse& out) {
  if (!done.insert(file->name()).second) return;
  pb::FileDescriptorProto proto;
  file->CopyTo(&proto);
  out.add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddWithImports(file->dependency(i), done, out);
  }
}

void SetNotFound(std::string_view what, wire::ServerReflectionResponse& out) {
  out.mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
  out.mutable_error_response()->set_error_message(
      fmt::format("'{}' is not here", text::Excerpt(what)));
}

void SetFile(const pb::FileDescriptor* file, std::string_view what,
             wire::ServerReflectionResponse& out) {
  std::set<std::string> done;
  if (file == nullptr) return SetNotFound(what, out);
  AddWithImports(file, done, *out.mutable_file_descriptor_response());
}

const pb::FileDescriptor* FileOfExtension(const wire::ExtensionRequest& asked) {
  const pb::Descriptor* extended = Pool().FindMessageTypeByName(asked.containing_type());
  if (extended == nullptr) return nullptr;
  const auto* extension = Pool().FindExtensionByNumber(extended, asked.extension_number());
  return extension == nullptr ? nullptr : extension->file();
}

void SetExtensionNumbers(const std::string& type, wire::ServerReflectionResponse& out) {
  const pb::Descriptor* extended = Pool().FindMessageTypeByName(type);
  if (extended == nullptr) return SetNotFound(type, out);
  std::vector<const pb::FieldDescriptor*> extensions;
  Pool().FindAllExtensions(extended, &extensions);
  auto* numbers = out.mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  for (const auto* each : extensions) numbers->add_extension_number(each->number());
}

void SetAnswer(const wire::ServerReflectionRequest& asked, const std::vector<std::string>& services,
               wire::ServerReflectionResponse& out) {
  using Question = wire::ServerReflectionRequest;
  switch (asked.message_request_case()) {
    case Question::kFileByFilename:
      return SetFile(Pool().FindFileByName(asked.file_by_filename()), asked.file_by_filename(),
                     out);
    case Question::kFileContainingSymbol:
      return SetFile(Pool().FindFileContainingSymbol(asked.file_containing_symbol()),
                     asked.file_containing_symbol(), out);
    case Question::kFileContainingExtension:
      return SetFile(FileOfExtension(asked.file_containing_extension()),
                     asked.file_containing_extension().containing_type(), out);
    case Question::kAllExtensionNumbersOfType:
      return SetExtensionNumbers(asked.all_extension_numbers_of_type(), out);
    case Question::kListServices:
      for (const std::string& each : services) {
        out.mutable_list_services_response()->add_service()->set_name(each);
      }
      return;
    case Question::MESSAGE_REQUEST_NOT_SET:
      out.mutable_error_response()->set_error_code(
          static_cast<int>(absl::StatusCode::kInvalidArgument));
      out.mutable_error_response()->set_error_message("the request asks nothing");
  }
}

}  // namespace

Reflection::Reflection(std::vector<std::string> services) : services_(std::move(services)) {
  services_.insert(services_.end(), {HealthName(), V1Name(), V1AlphaName()});
  std::sort(services_.begin(), services_.end());
}

bool Reflection::Serves(std::string_view full_method) {
  return full_method == fmt::format("/{}/ServerReflectionInfo", V1Name()) ||
         full_method == fmt::format("/{}/ServerReflectionInfo", V1AlphaName());
}

absl::StatusOr<std::string> Reflection::Answer(const std::string& request) const {
  wire::ServerReflectionRequest asked;
  if (!asked.ParseFromString(request)) {
    return status::InvalidArgument("the reflection request is malformed");
  }
  wire::ServerReflectionResponse out;
  out.set_valid_host(asked.host());
  *out.mutable_original_request() = asked;
  SetAnswer(asked, services_, out);
  return out.SerializeAsString();
}

}  // namespace weir::rpc

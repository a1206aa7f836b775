#include "apps/weirctl/json_output.h"

#include <google/protobuf/util/json_util.h>

namespace weir::weirctl {

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // It only fails for an Any of an unknown type, and no admin message holds one.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}\n";
  return json;
}

}  // namespace weir::weirctl

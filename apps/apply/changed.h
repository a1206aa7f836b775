#pragma once

#include <google/protobuf/message.h>

namespace weir::apply {

// The `changed` field of a PutXResponse; false where it has none.
inline bool Changed(const google::protobuf::Message& response) {
  const auto* field = response.GetDescriptor()->FindFieldByName("changed");
  return field != nullptr && response.GetReflection()->GetBool(response, field);
}

}  // namespace weir::apply

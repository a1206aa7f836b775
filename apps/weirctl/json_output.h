#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace weir::weirctl {

// Proto JSON over several lines, unset fields included, for scripts.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace weir::weirctl

#pragma once

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <string_view>

namespace weir::apply {

// One scalar as proto JSON for `field`; none where the text is not what the field takes. Messages:
// only Duration and Timestamp.
std::optional<std::string> ScalarToJson(const google::protobuf::FieldDescriptor& field,
                                        std::string_view text);

// What `field` takes, for a message: "an integer", "true or false", "one of UNIT_REQUESTS,
// UNIT_TOTAL_TOKENS".
std::string Wanted(const google::protobuf::FieldDescriptor& field);

// Whether `field` is written as one scalar.
bool IsScalar(const google::protobuf::FieldDescriptor& field);

}  // namespace weir::apply

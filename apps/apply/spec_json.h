#pragma once

#include <google/protobuf/descriptor.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/config/faults.h"
#include "common/config/yaml.h"

namespace weir::apply {

// What is special about some fields of a spec.
struct SpecRules {
  // Fields of the spec itself that come from elsewhere, and from where: {"name", "it beside kind,
  // as the document's name"}.
  std::map<std::string, std::string, std::less<>> reserved;
  // Field of the spec itself that is secret; empty: none.
  std::string secret_field;
  // Reads a secret given as a map ({fromFile: ..}, {fromEnv: ..}); adds a fault where it cannot.
  std::function<std::string(const config::YamlNode&, const std::string& path)> secret;
};

// Turns a `spec` into proto JSON under the guidance of the message it becomes, so that every fault
// is found at once and with its line, and a scalar is read as its field wants it (`name: 42` is
// text, `count: 42` a number).
//
// Keys are lowerCamelCase or as in the proto; beyond proto JSON, durations may be "90s" or "1m30s".
// Values of secret fields are in no fault.
//
// `spec` is a map or null. The JSON is only good where nothing was added to `faults`.
std::string SpecToJson(const config::YamlNode& spec, const google::protobuf::Descriptor& message,
                       const SpecRules& rules, config::Faults& faults);

}  // namespace weir::apply

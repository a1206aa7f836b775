#include "services/cache/json_fields.h"

#include "common/text/excerpt.h"

namespace weir::cache {

namespace dom = simdjson::dom;

namespace {

// "is 'BPE'" or "is missing".
std::string Found(const dom::object& object, std::string_view name) {
  dom::element element;
  if (object[name].get(element) != simdjson::SUCCESS) return "is missing";
  return "is " + Describe(element);
}

}  // namespace

std::string Describe(dom::element element) {
  switch (element.type()) {
    case dom::element_type::STRING:
      return fmt::format("'{}'", text::Excerpt(element.get_string().value_unsafe()));
    case dom::element_type::ARRAY:
      return "an array";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::NULL_VALUE:
      return "null";
    default:  // A number, true or false.
      return std::string(simdjson::minify(element));
  }
}

absl::StatusOr<JsonFields> JsonFields::Parse(dom::parser& parser, std::string_view json) {
  dom::element root;
  if (const simdjson::error_code error = parser.parse(json.data(), json.size()).get(root)) {
    return status::InvalidArgument("is not JSON: {}", simdjson::error_message(error));
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return status::InvalidArgument("is {}, want an object", Describe(root));
  }
  return JsonFields(object, "");
}

absl::StatusOr<JsonFields> JsonFields::Object(std::string_view name) const {
  dom::object object;
  if (object_[name].get(object) != simdjson::SUCCESS) {
    return status::InvalidArgument("{} {}, want an object", PathOf(name), Found(object_, name));
  }
  return JsonFields(object, PathOf(name));
}

absl::StatusOr<std::string_view> JsonFields::String(std::string_view name) const {
  std::string_view text;
  if (object_[name].get(text) != simdjson::SUCCESS) {
    return status::InvalidArgument("{} {}, want a string", PathOf(name), Found(object_, name));
  }
  return text;
}

absl::StatusOr<bool> JsonFields::Bool(std::string_view name) const {
  bool flag = false;
  if (object_[name].get(flag) != simdjson::SUCCESS) {
    return status::InvalidArgument("{} {}, want true or false", PathOf(name), Found(object_, name));
  }
  return flag;
}

absl::StatusOr<uint64_t> JsonFields::Unsigned(std::string_view name) const {
  uint64_t number = 0;
  if (object_[name].get(number) != simdjson::SUCCESS) {
    return status::InvalidArgument("{} {}, want a whole number from 0 up", PathOf(name),
                                   Found(object_, name));
  }
  return number;
}

absl::StatusOr<dom::array> JsonFields::Array(std::string_view name) const {
  dom::array array;
  if (object_[name].get(array) != simdjson::SUCCESS) {
    return status::InvalidArgument("{} {}, want an array", PathOf(name), Found(object_, name));
  }
  return array;
}

absl::Status JsonFields::MustBe(std::string_view name, std::string_view want) const {
  std::string_view text;
  if (object_[name].get(text) == simdjson::SUCCESS && text == want) return absl::OkStatus();
  return status::InvalidArgument("{} {}, want '{}'", PathOf(name), Found(object_, name), want);
}

absl::Status JsonFields::MustBeNull(std::string_view name) const {
  if (IsNull(name)) return absl::OkStatus();
  return status::InvalidArgument("{} {}, want null", PathOf(name), Found(object_, name));
}

bool JsonFields::IsNull(std::string_view name) const {
  dom::element element;
  return object_[name].get(element) != simdjson::SUCCESS || element.is_null();
}

std::string JsonFields::PathOf(std::string_view name) const {
  const std::string shown = text::Excerpt(name);
  return path_.empty() ? shown : path_ + "." + shown;
}

}  // namespace weir::cache

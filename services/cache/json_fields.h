#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::cache {

// An object of a JSON file that is only understood in part: each member is either read as what it
// must be, or a fault (kInvalidArgument) that names it by its path, with what came and what was
// wanted. A view into the parser's document.
class JsonFields {
 public:
  // `json`, which must be one object. The document is `parser`'s, and lives until that parses
  // something else. Of two members of one name the first counts.
  static absl::StatusOr<JsonFields> Parse(simdjson::dom::parser& parser, std::string_view json);

  absl::StatusOr<JsonFields> Object(std::string_view name) const;
  absl::StatusOr<std::string_view> String(std::string_view name) const;
  absl::StatusOr<bool> Bool(std::string_view name) const;
  // A number without sign and fraction.
  absl::StatusOr<uint64_t> Unsigned(std::string_view name) const;
  absl::StatusOr<simdjson::dom::array> Array(std::string_view name) const;

  absl::Status MustBe(std::string_view name, std::string_view want) const;
  absl::Status MustBeNull(std::string_view name) const;
  // Also where there is none.
  bool IsNull(std::string_view name) const;

  simdjson::dom::object object() const { return object_; }
  // "model.type", fit for a message.
  std::string PathOf(std::string_view name) const;

 private:
  JsonFields(simdjson::dom::object object, std::string path)
      : object_(object), path_(std::move(path)) {}

  simdjson::dom::object object_;
  std::string path_;  // Of this object; empty for the file's own.
};

// What `element` is, as messages have it: "'BPE'", "null", "an array".
std::string Describe(simdjson::dom::element element);

}  // namespace weir::cache

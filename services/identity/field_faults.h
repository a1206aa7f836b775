#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::identity {

// Collects what is wrong with a request, so that the caller hears all of it at once.
class FieldFaults {
 public:
  // `path` as in the request ("team.name"); `problem` says what came and what was expected, and
  // shows no secret.
  void Add(std::string_view path, std::string_view problem);

  // "PATH: got 'VALUE', want FORM" unless `ok`; a value that looks like a secret is hidden.
  void Require(bool ok, std::string_view path, std::string_view value, std::string_view form);

  // OK where there is none; else kInvalidArgument that names the first and carries all in a
  // weir.common.v1.BadFields detail.
  absl::Status ToStatus() const;

 private:
  common::v1::BadFields faults_;
};

}  // namespace weir::identity

#pragma once

#include <string>

#include "common/status/detail.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge::openai {

// kInvalidArgument "PATH PROBLEM" with the path as a typed detail: becomes `param` of the error
// object.
inline absl::Status BadField(std::string path, const std::string& problem) {
  weir::common::v1::BadFields detail;
  auto* field = detail.add_fields();
  field->set_path(path);
  field->set_problem(problem);
  return status::WithDetail(status::InvalidArgument("'{}' {}", path, problem), detail);
}

}  // namespace weir::edge::openai

#pragma once

#include <string_view>

#include "common/status/status.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::quota {

// Collects what is wrong with a request, so that its caller hears of everything at once.
class BadFields {
 public:
  // `path` as in the request ("limit.count"); `problem` says what came and what was expected.
  void Add(std::string_view path, std::string_view problem);
  // "got VALUE, want LEAST to MOST" where it is outside.
  void InRange(std::string_view path, int64_t value, int64_t least, int64_t most);
  // "got 'VALUE', want WANT" unless `ok`.
  void Require(bool ok, std::string_view path, std::string_view value, std::string_view want);

  // OK where there is none; else kInvalidArgument that names the first, with all of them as a
  // weir.common.v1.BadFields detail.
  absl::Status ToStatus() const;

 private:
  common::v1::BadFields detail_;
};

}  // namespace weir::quota

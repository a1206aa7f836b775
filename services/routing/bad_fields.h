#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/status/status.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::routing {

// Collects what is wrong with a request, so that a caller reads all of it at once.
class BadFields {
 public:
  // `path`: as in the request, "model.targets[0].provider". The problem says what came and what was
  // wanted; of a secret never its value.
  template <typename... Args>
  void Add(std::string_view path, fmt::format_string<Args...> format, Args&&... args) {
    AddText(path, fmt::format(format, std::forward<Args>(args)...));
  }

  // OK where nothing was added. kInvalidArgument with a BadFields detail: the message has the first
  // few.
  absl::Status ToStatus() const;

 private:
  void AddText(std::string_view path, std::string problem);

  common::v1::BadFields fields_;
};

}  // namespace weir::routing

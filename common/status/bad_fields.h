#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/status/status.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::status {

// Collects what is wrong with a request, so that its caller hears of everything at once. Keeps the
// first 100 fields and counts the others: thousands of wrong names make no answer of thousands.
class BadFields {
 public:
  // `path`: as in the request, "model.targets[0].provider". The problem says what came and what was
  // wanted; of a secret never its value.
  template <typename... Args>
  void Add(std::string_view path, fmt::format_string<Args...> format, Args&&... args) {
    AddText(path, fmt::format(format, std::forward<Args>(args)...));
  }
  // "got VALUE, want LEAST to MOST" where it is outside.
  void InRange(std::string_view path, int64_t value, int64_t least, int64_t most);
  // "got 'SHOWN', want WANT" unless `ok`. `shown`: as much of the value as a message may have
  // (text::Excerpt); it is taken as it is.
  void Require(bool ok, std::string_view path, std::string_view shown, std::string_view want);

  // OK where there is none; else kInvalidArgument "PATH: PROBLEM; PATH: PROBLEM; and N more" with
  // the first 5 and a weir.common.v1.BadFields detail with all that are kept. N is all others.
  absl::Status ToStatus() const;

 private:
  void AddText(std::string_view path, std::string problem);

  common::v1::BadFields kept_;
  int64_t found_ = 0;
};

}  // namespace weir::status

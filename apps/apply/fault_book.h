#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/config/faults.h"

namespace weir::apply {

// What is wrong with several files, all of it at once.
class FaultBook {
 public:
  // The faults of `file`, to add to. Valid as long as the book.
  config::Faults& Of(std::string_view file);

  bool empty() const;

  // kInvalidArgument with a fault a line, by file. OK where there are none.
  absl::Status ToStatus() const;

 private:
  std::map<std::string, config::Faults, std::less<>> files_;
};

}  // namespace weir::apply

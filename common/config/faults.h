#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::config {

// What is wrong with one file, all of it: "weir.yaml:12: listeners[0].address is '8080', want
// HOST:PORT", a line each.
class Faults {
 public:
  // More than this many are counted, not listed.
  static constexpr size_t kMaxListed = 100;

  // `file` as messages show it.
  explicit Faults(std::string file) : file_(std::move(file)) {}

  // On `line`, from 1; 0: of the file as a whole.
  void Add(int line, std::string text);
  // Of a value from elsewhere: "WEIR_LOG_LEVEL: text".
  void AddFrom(std::string_view source, std::string_view text);

  bool empty() const { return faults_.empty(); }
  const std::string& file() const { return file_; }

  // kInvalidArgument with a fault a line: those of lines in their order, then the others. OK where
  // there are none.
  absl::Status ToStatus() const;

 private:
  struct Fault {
    int line;
    size_t order;  // In which they were found.
    std::string text;
  };

  std::string file_;
  std::vector<Fault> faults_;
};

}  // namespace weir::config

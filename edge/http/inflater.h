#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::edge {

// Decodes gzip (RFC 1952) piece by piece, bounded: a small body must not become a huge one. Of no
// use after an error.
class Inflater {
 public:
  // At most `max_output` bytes in all, and at most 64 KiB and `max_ratio` times the input.
  Inflater(size_t max_output, int max_ratio);
  ~Inflater();

  // Appends what `input` decodes to. kInvalidArgument: not gzip, or more behind its end;
  // kOutOfRange: over a bound.
  absl::Status Feed(std::string_view input, std::string& out);
  // The trailer was read.
  bool done() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::edge

#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace weir::guardrails {

// The placeholders of one request: canonical, so that equal requests look equal once they are
// masked. Numbers go up by type in the order in which values appear; a value that comes again gets
// the number that it has. Not thread-safe; has the values, not for logs.
class PlaceholderNumbers {
 public:
  // What looks like a placeholder in `text` is never given out: it would be taken for a value of
  // this request when it comes back. For every text of the request, before the first For.
  void Avoid(std::string_view text);

  // `type` as FormatPlaceholder wants it. Empty: there are 9999 of it already.
  std::string For(std::string_view type, std::string_view value);

 private:
  struct OfType {
    int last = 0;
    std::map<std::string, std::string, std::less<>> given;  // By value.
  };
  std::set<std::string, std::less<>> avoided_;
  std::map<std::string, OfType, std::less<>> types_;
};

}  // namespace weir::guardrails

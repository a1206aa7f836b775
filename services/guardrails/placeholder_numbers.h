#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
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
  struct OfType {
    int last = 0;  // The highest number that was given out or is taken.
    std::map<std::string, int, std::less<>> given;  // By value.
  };
  using Types = std::map<std::string, OfType, std::less<>>;

  // Keeps as many values as have room; a type takes as much of it as two values.
  explicit PlaceholderNumbers(size_t room = std::numeric_limits<size_t>::max()) : room_(room) {}

  // What looks like a placeholder in `text` is never given out: it would be taken for a value of
  // this request when it comes back. For every text of the request, before the first For.
  void Avoid(std::string_view text);

  // Numbers of `type` up to this one belong to somebody else.
  void BeginAbove(std::string_view type, int number);

  // `type` as FormatPlaceholder wants it. Empty: there are 9999 of it already, or no more
  // room.
  std::string For(std::string_view type, std::string_view value);

  // What was given out, to be continued by another object.
  const Types& types() const { return types_; }
  // Goes on where another one, of at least as much room, was.
  void Continue(Types types);

 private:
  static constexpr size_t kRoomOfType = 2;
  bool HasRoom(size_t more) const { return room_ - kept_ >= more; }
  OfType& Of(std::string_view type);

  const size_t room_;
  size_t kept_ = 0;  // At most room_.
  std::set<std::string, std::less<>> avoided_;
  std::map<std::string, int, std::less<>> taken_;
  Types types_;
};

}  // namespace weir::guardrails

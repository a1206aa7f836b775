#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::json {

// Longest name in a path, in bytes. Of longer keys a concrete path has the beginning.
inline constexpr size_t kLongestName = 64;

// Where one value of a body stands: "$.messages[0].content". AppendName and AppendIndex write it.
//
// ".name" where the name is letters, digits, '_' and '-' and begins with no digit; else
// "['na\'me']".
void AppendName(std::string& path, std::string_view name);
void AppendIndex(std::string& path, size_t index);

// What a policy looks at: "$" and steps of
//   .name ['name'] ["name"]   a member
//   [0]                       an element
//   [-1]                      the last element of its array that has a text
//   [*] .*                    every element or member
//   ..name                    every member of that name, however deep
// A path that names an object or array selects all that is below it. Immutable.
class JsonPath {
 public:
  // kInvalidArgument: it is none of these, is over 256 bytes, or has over 16 steps; the message
  // says where.
  static absl::StatusOr<JsonPath> Compile(std::string_view text);

  const std::string& text() const { return text_; }
  bool has_last() const;

 private:
  friend class TextPaths;
  struct Step {
    enum class Kind : uint8_t { kName, kIndex, kLast, kEach, kBelow };
    Kind kind = Kind::kName;
    std::string name;  // Of kName and kBelow.
    size_t index = 0;  // Of kIndex.
  };
  class Reader;

  std::string text_;
  std::vector<Step> steps_;
};

// The places of all texts of one body, to be selected from. Both sides of a call come to the same
// result: who asks sends what IsNeeded, who is asked goes by IsSelected among what it was sent.
// Immutable.
class TextPaths {
 public:
  // `paths`, concrete ones, outlive it. One that is not concrete is selected by every path: what
  // nobody understands is looked at.
  explicit TextPaths(std::vector<std::string_view> paths);

  size_t size() const { return texts_.size(); }
  bool IsSelected(const JsonPath& path, size_t text) const;
  // Selected, or what tells another which element is the last.
  bool IsNeeded(const JsonPath& path, size_t text) const;

 private:
  struct Place {
    std::string name;             // A member; else an element.
    std::optional<size_t> index;  // An element.
    bool is_last = false;
  };
  struct Text {
    std::vector<Place> places;
    bool is_understood = true;
  };
  // `steps`: how many of the path's are enough.
  bool Reaches(const JsonPath& path, size_t steps, const Text& text) const;
  static bool Takes(const JsonPath::Step& step, const Place& place);
  static Text Read(std::string_view path);
  void MarkLast(const std::vector<std::string_view>& paths);

  std::vector<Text> texts_;
};

}  // namespace weir::json

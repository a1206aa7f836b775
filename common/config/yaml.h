#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/faults.h"

// YAML as files for people need it, and nothing that a file could hurt with: no anchors and aliases
// (a few lines of them make gigabytes), no tags but !!str, no keys but text, bounds on size, depth
// and count.
namespace weir::config {

inline constexpr size_t kMaxFileBytes = 4 << 20;
inline constexpr size_t kMaxDepth = 64;
inline constexpr size_t kMaxNodes = 200'000;
inline constexpr size_t kMaxKeyBytes = 256;

struct YamlEntry;

// A value with its place.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool quoted = false;  // A scalar that is text whatever it looks like.
  int line = 0;         // From 1.
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // In the order of the file.

  // The value of `key` in a map; null where there is none, and in what is not a map.
  const YamlNode* Find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

// "null", "a value", "a list" or "a map".
std::string_view KindName(YamlNode::Kind kind);

// The documents of `text`. What is wrong with it is added to `faults`; after a fault the result
// holds what was understood, and with a syntax error nothing of the document it is in. Never
// throws.
std::vector<YamlNode> ParseYaml(std::string_view text, Faults& faults);

// A whole file of at most `max_bytes`. kNotFound, or kInvalidArgument for what cannot be read; the
// message names the path.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes = kMaxFileBytes);

}  // namespace weir::config

#include "services/guardrails/json_path.h"

#include <algorithm>
#include <cstdint>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::guardrails {
namespace {

struct Step {
  enum class Kind : uint8_t { kEnd, kName, kIndex, kEvery, kBad };
  Kind kind = Kind::kEnd;
  std::string_view text;
};

Step Bad() { return {.kind = Step::Kind::kBad, .text = {}}; }

// ".name"
Step TakeName(std::string_view& rest) {
  const size_t end = std::min(rest.find_first_of(".[]", 1), rest.size());
  const std::string_view name = rest.substr(1, end - 1);
  if (name.empty()) return Bad();
  rest.remove_prefix(end);
  return {.kind = Step::Kind::kName, .text = name};
}

// "['name']" or "[\"name\"]"
Step TakeQuoted(std::string_view& rest) {
  const size_t end = rest.find(rest[1], 2);
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != ']') return Bad();
  const std::string_view name = rest.substr(2, end - 2);
  rest.remove_prefix(end + 2);
  return {.kind = Step::Kind::kName, .text = name};
}

// "[0]" or "[*]"
Step TakeIndex(std::string_view& rest) {
  const size_t end = rest.find(']');
  if (end == std::string_view::npos) return Bad();
  const std::string_view index = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  if (index == "*") return {.kind = Step::Kind::kEvery, .text = index};
  if (index.empty() || !std::ranges::all_of(index, text::IsDigit)) return Bad();
  return {.kind = Step::Kind::kIndex, .text = index};
}

// The next step of a path, behind its '$'.
Step Take(std::string_view& rest) {
  if (rest.empty()) return {};
  if (rest[0] == '.') return TakeName(rest);
  if (rest[0] != '[' || rest.size() < 3) return Bad();
  return rest[1] == '\'' || rest[1] == '"' ? TakeQuoted(rest) : TakeIndex(rest);
}

bool Takes(const Step& wanted, const Step& got) {
  if (wanted.kind == Step::Kind::kEvery) return got.kind == Step::Kind::kIndex;
  return wanted.kind == got.kind && wanted.text == got.text;
}

}  // namespace

absl::StatusOr<JsonPath> JsonPath::Parse(std::string_view text) {
  if (text.size() > kLongest) {
    return status::InvalidArgument("path has {} bytes, want at most {}", text.size(), kLongest);
  }
  if (!text.starts_with('$')) {
    return status::InvalidArgument("path is '{}', want it to begin with '$'", text::Excerpt(text));
  }
  std::string_view rest = text.substr(1);
  for (;;) {
    const size_t at = text.size() - rest.size();
    const Step step = Take(rest);
    if (step.kind == Step::Kind::kEnd) return JsonPath(std::string(text));
    if (step.kind != Step::Kind::kBad) continue;
    return status::InvalidArgument("path is '{}', want .name, [0] or [*] at byte {}",
                                   text::Excerpt(text), at);
  }
}

bool JsonPath::Covers(std::string_view place) const {
  if (!place.starts_with('$')) return false;
  std::string_view wanted = std::string_view(text_).substr(1);
  std::string_view got = place.substr(1);
  for (;;) {
    const Step want = Take(wanted);
    if (want.kind == Step::Kind::kEnd) return true;
    if (!Takes(want, Take(got))) return false;
  }
}

}  // namespace weir::guardrails

#include "common/json/json_path.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "common/text/utf8.h"

namespace weir::json {
namespace {

constexpr size_t kLongestPath = 256;
constexpr size_t kMostSteps = 16;

bool IsNameByte(char c) {
  return text::IsLower(c) || text::IsUpper(c) || text::IsDigit(c) || c == '_' || c == '-';
}
bool IsPlainName(std::string_view name) {
  return !name.empty() && !text::IsDigit(name[0]) &&
         std::all_of(name.begin(), name.end(), IsNameByte);
}

// The step in brackets or behind a dot that begins `rest`, taken off it. As concrete paths and
// patterns have them.
struct RawStep {
  enum class Kind : uint8_t { kName, kBracketed, kNone };
  Kind kind = Kind::kNone;
  std::string text;  // The name, or what stands between the brackets: digits, '*', "-1".
};

// `rest` begins behind the opening quote; takes it off to behind the closing bracket.
RawStep TakeQuoted(std::string_view& rest, char quote) {
  std::string name;
  for (size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] == quote) {
      if (at + 1 >= rest.size() || rest[at + 1] != ']') return {};
      rest.remove_prefix(at + 2);
      return {RawStep::Kind::kName, std::move(name)};
    }
    if (rest[at] == '\\' && ++at == rest.size()) return {};
    name.push_back(rest[at]);
  }
  return {};
}

RawStep TakeName(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), IsNameByte);
  const std::string_view name = rest.substr(0, static_cast<size_t>(end - rest.begin()));
  if (!IsPlainName(name)) return {};
  rest.remove_prefix(name.size());
  return {RawStep::Kind::kName, std::string(name)};
}

RawStep TakeStep(std::string_view& rest) {
  if (rest.starts_with("['") || rest.starts_with("[\"")) {
    const char quote = rest[1];
    rest.remove_prefix(2);
    return TakeQuoted(rest, quote);
  }
  if (rest.starts_with('[')) {
    const size_t end = rest.find(']');
    if (end == std::string_view::npos) return {};
    RawStep step{RawStep::Kind::kBracketed, std::string(rest.substr(1, end - 1))};
    rest.remove_prefix(end + 1);
    return step;
  }
  if (!rest.starts_with('.')) return {};
  rest.remove_prefix(1);
  return TakeName(rest);
}

}  // namespace

void AppendName(std::string& path, std::string_view name) {
  const std::string_view kept = text::Utf8Prefix(name, kLongestName);
  if (kept.size() == name.size() && IsPlainName(name)) {
    path.append(".").append(name);
    return;
  }
  path.append("['");
  for (const char c : kept) {
    if (c == '\'' || c == '\\') path.push_back('\\');
    path.push_back(c);
  }
  // No path that Compile takes has such a name.
  if (kept.size() < name.size()) path.append("...");
  path.append("']");
}

void AppendIndex(std::string& path, size_t index) { path += fmt::format("[{}]", index); }

// Reads a path's steps.
class JsonPath::Reader {
 public:
  explicit Reader(std::string_view text) : whole_(text), rest_(text) {}

  absl::StatusOr<std::vector<Step>> Read() {
    if (!rest_.starts_with('$')) return Fault("a JSONPath begins with \"$\"");
    rest_.remove_prefix(1);
    std::vector<Step> steps;
    while (!rest_.empty()) {
      if (steps.size() == kMostSteps) return Fault("at most 16 steps");
      WEIR_ASSIGN_OR_RETURN(Step step, ReadStep());
      steps.push_back(std::move(step));
    }
    return steps;
  }

 private:
  absl::StatusOr<Step> ReadStep() {
    const std::string_view before = rest_;
    if (rest_.starts_with(".*")) {
      rest_.remove_prefix(2);
      return Step{.kind = Step::Kind::kEach};
    }
    const bool is_below = rest_.starts_with("..");
    if (is_below) rest_.remove_prefix(1);
    if (is_below && rest_.starts_with(".[")) rest_.remove_prefix(1);
    const RawStep raw = TakeStep(rest_);
    if (raw.kind == RawStep::Kind::kNone) return Unreadable(before);
    if (raw.kind == RawStep::Kind::kBracketed) {
      return is_below ? Unreadable(before) : Bracketed(raw.text, before);
    }
    if (raw.text.empty() || raw.text.size() > kLongestName) {
      rest_ = before;
      return Fault("a name of 1 to 64 bytes");
    }
    return Step{.kind = is_below ? Step::Kind::kBelow : Step::Kind::kName, .name = raw.text};
  }

  absl::StatusOr<Step> Bracketed(std::string_view inside, std::string_view before) {
    if (inside == "*") return Step{.kind = Step::Kind::kEach};
    if (inside == "-1") return Step{.kind = Step::Kind::kLast};
    const auto index = text::ParseUint64(inside);
    if (!index || inside.size() > 9) return Unreadable(before);
    return Step{.kind = Step::Kind::kIndex, .index = *index};
  }

  absl::Status Unreadable(std::string_view before) {
    rest_ = before;
    return Fault(".name, ['name'], [0], [-1], [*] or ..name");
  }
  absl::Status Fault(std::string_view want) const {
    return status::InvalidArgument("the JSONPath \"{}\" has \"{}\" at byte {}, want {}",
                                   text::Excerpt(whole_), text::Excerpt(rest_),
                                   whole_.size() - rest_.size(), want);
  }

  const std::string_view whole_;
  std::string_view rest_;
};

absl::StatusOr<JsonPath> JsonPath::Compile(std::string_view text) {
  if (text.size() > kLongestPath) {
    return status::InvalidArgument("the JSONPath \"{}\" has {} bytes, want at most {}",
                                   text::Excerpt(text), text.size(), kLongestPath);
  }
  JsonPath path;
  WEIR_ASSIGN_OR_RETURN(path.steps_, Reader(text).Read());
  path.text_ = text;
  return path;
}

bool JsonPath::has_last() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const Step& each) { return each.kind == Step::Kind::kLast; });
}

TextPaths::TextPaths(std::vector<std::string_view> paths) {
  texts_.reserve(paths.size());
  for (const std::string_view each : paths) texts_.push_back(Read(each));
  MarkLast(paths);
}

TextPaths::Text TextPaths::Read(std::string_view path) {
  Text text{.is_understood = path.starts_with('$')};
  if (text.is_understood) path.remove_prefix(1);
  while (text.is_understood && !path.empty()) {
    const RawStep raw = TakeStep(path);
    Place place;
    if (raw.kind == RawStep::Kind::kName) {
      place.name = raw.text;
    } else {
      place.index = text::ParseUint64(raw.text);
      text.is_understood = raw.kind == RawStep::Kind::kBracketed && place.index.has_value();
    }
    text.places.push_back(std::move(place));
  }
  return text;
}

// The highest index that any text has, for each array.
void TextPaths::MarkLast(const std::vector<std::string_view>& paths) {
  std::map<std::string_view, size_t> highest;
  const auto for_each_element = [this, &paths](auto visit) {
    for (size_t i = 0; i < texts_.size(); ++i) {
      if (!texts_[i].is_understood) continue;
      std::string_view rest = paths[i].substr(1);
      for (Place& each : texts_[i].places) {
        const std::string_view array = paths[i].substr(0, paths[i].size() - rest.size());
        TakeStep(rest);
        if (each.index) visit(array, each);
      }
    }
  };
  for_each_element([&highest](std::string_view array, const Place& place) {
    size_t& most = highest[array];
    most = std::max(most, *place.index);
  });
  for_each_element([&highest](std::string_view array, Place& place) {
    place.is_last = *place.index == highest[array];
  });
}

bool TextPaths::Takes(const JsonPath::Step& step, const Place& place) {
  using Kind = JsonPath::Step::Kind;
  switch (step.kind) {
    case Kind::kName:
    case Kind::kBelow:
      return !place.index && place.name == step.name;
    case Kind::kIndex:
      return place.index == step.index;
    case Kind::kLast:
      return place.is_last;
    case Kind::kEach:
      return true;
  }
  return false;
}

// All ways through the path at once: bit n of `reached` says that its first n steps are taken.
bool TextPaths::Reaches(const JsonPath& path, size_t steps, const Text& text) const {
  if (!text.is_understood) return true;
  uint32_t reached = 1;
  for (const Place& place : text.places) {
    if ((reached >> steps & 1) != 0) return true;
    uint32_t next = 0;
    for (size_t n = 0; n < steps; ++n) {
      if ((reached >> n & 1) == 0) continue;
      const JsonPath::Step& step = path.steps_[n];
      if (step.kind == JsonPath::Step::Kind::kBelow) next |= 1U << n;
      if (Takes(step, place)) next |= 1U << (n + 1);
    }
    reached = next;
  }
  return (reached >> steps & 1) != 0;
}

bool TextPaths::IsSelected(const JsonPath& path, size_t text) const {
  return Reaches(path, path.steps_.size(), texts_[text]);
}

bool TextPaths::IsNeeded(const JsonPath& path, size_t text) const {
  const auto last = std::find_if(
      path.steps_.begin(), path.steps_.end(),
      [](const JsonPath::Step& each) { return each.kind == JsonPath::Step::Kind::kLast; });
  const auto steps = static_cast<size_t>(last - path.steps_.begin());
  return Reaches(path, std::min(steps + 1, path.steps_.size()), texts_[text]);
}

}  // namespace weir::json

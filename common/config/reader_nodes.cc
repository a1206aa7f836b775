// Where the values of reader.h come from: overrides, the file's nodes, references; and what nobody
// asked for.
#include "common/config/config_errors.h"
#include "common/config/read_state.h"
#include "common/config/reader.h"
#include "common/config/suggest.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"

namespace weir::config {
namespace {

constexpr size_t kMaxReferredBytes = 64 << 10;
constexpr size_t kMaxKeysInMessage = 12;
constexpr size_t kMaxSuggestions = 20;  // In one map; they take time.
constexpr size_t kMaxNames = 10'000;

std::string KeyInMessage(std::string_view path) { return text::Excerpt(path, 160); }

// Cuts the first key off `path`: "tls" of "[0].tls.key", "0" of "[0].tls".
std::string_view TakeKey(std::string_view& path) {
  const size_t start = path.find_first_not_of(".[");
  if (start == std::string_view::npos) return path = {};
  path.remove_prefix(start);
  const std::string_view key = path.substr(0, path.find_first_of(".[]"));
  path.remove_prefix(key.size());
  if (path.starts_with(']')) path.remove_prefix(1);
  return key;
}

// The line of the value that `path` leads to from `map`, or of the nearest one around it.
int LineOf(const YamlNode* map, std::string_view path) {
  int line = map == nullptr ? 0 : map->line;
  for (const YamlNode* node = map; node != nullptr && !path.empty();) {
    const std::string_view key = TakeKey(path);
    if (node->kind == YamlNode::Kind::kList) {
      const size_t index = static_cast<size_t>(text::ParseUint64(key).value_or(SIZE_MAX));
      node = index < node->items.size() ? &node->items[index] : nullptr;
      if (node != nullptr) line = node->line;
      continue;
    }
    const auto entry = std::find_if(node->entries.begin(), node->entries.end(),
                                    [&](const YamlEntry& each) { return each.key == key; });
    node = entry == node->entries.end() ? nullptr : &entry->value;
    if (node != nullptr) line = entry->line;
  }
  return line;
}

}  // namespace

Reader::Reader(ReadState& state, const YamlNode* map, std::string path, bool probe)
    : state_(state), map_(map), path_(std::move(path)), probe_(probe) {}

Reader::~Reader() { AddUnknownKeys(); }

std::string Reader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::string Reader::ElementPath(std::string_view key, size_t index) const {
  return fmt::format("{}[{}]", PathOf(key), index);
}

int Reader::LineFor(std::string_view key) const {
  if (map_ == nullptr) return 0;
  for (const YamlEntry& each : map_->entries) {
    if (each.key == key) return each.line;
  }
  return map_->line;
}

const YamlNode* Reader::Know(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return map_ == nullptr ? nullptr : map_->Find(key);
}

bool Reader::Has(std::string_view key) const {
  return (map_ != nullptr && map_->Find(key) != nullptr) ||
         state_.overrides.Find(PathOf(key)) != nullptr;
}

void Reader::Hit() { hit_ = true; }

void Reader::Fault(std::string_view key, std::string_view text) {
  if (probe_) return;
  state_.faults.Add(LineFor(key), fmt::format("{} {}", KeyInMessage(PathOf(key)), text));
}

void Reader::Check(const absl::Status& validated) {
  if (probe_ || validated.ok()) return;
  std::string_view faults = status::Message(validated);
  while (!faults.empty()) {
    const std::string_view fault = faults.substr(0, faults.find(kBetweenErrors));
    faults.remove_prefix(std::min(faults.size(), fault.size() + kBetweenErrors.size()));
    std::string_view path = fault.substr(0, fault.find(' '));
    if (state_.overrides.Find(path) != nullptr) {
      state_.faults.AddFrom(Overrides::NameOf(path), fault);
      continue;
    }
    if (path.starts_with(path_)) path.remove_prefix(path_.size());
    state_.faults.Add(LineOf(map_, path), std::string(fault));
  }
}

std::optional<Reader::Given> Reader::Find(std::string_view key, bool required,
                                          std::string_view want, bool secret) {
  const YamlNode* node = Know(key);
  const std::string path = PathOf(key);
  bool overridden = false;
  std::optional<Given> given = FindOverride(path, secret, &overridden);
  if (overridden || probe_) return given;
  if (node != nullptr) return FromNode(path, *node, want);
  if (required) Fault(key, fmt::format("is missing, want {}", want));
  return std::nullopt;
}

// `overridden` is set where there is an override, be it that its reference leads nowhere.
std::optional<Reader::Given> Reader::FindOverride(const std::string& path, bool secret,
                                                  bool* overridden) {
  Overrides& overrides = state_.overrides;
  const std::string* text = overrides.Find(path);
  const std::string* file = overrides.Find(path + ".fromFile");
  const std::string* variable = overrides.Find(path + ".fromEnv");
  if (secret && file == nullptr) file = overrides.Find(path + ".file");
  *overridden = text != nullptr || file != nullptr || variable != nullptr;
  if (!*overridden) return std::nullopt;
  Hit();
  if (probe_) return std::nullopt;
  const std::string name = Overrides::NameOf(path);
  if (text != nullptr) return Given{.text = *text, .origin = name};
  if (file != nullptr) return FromFile(path, *file, {.origin = name});
  return FromEnv(path, *variable, {.origin = name});
}

std::optional<Reader::Given> Reader::FromNode(const std::string& path, const YamlNode& node,
                                              std::string_view want) {
  Given given{.text = node.scalar,
              .origin = fmt::format("{}:{}", state_.faults.file(), node.line),
              .line = node.line};
  if (node.kind == YamlNode::Kind::kScalar) return given;
  if (node.entries.size() == 1 && node.entries[0].value.kind == YamlNode::Kind::kScalar) {
    const auto& [key, line, value] = node.entries[0];
    if (key == "fromFile") return FromFile(path, value.scalar, std::move(given));
    if (key == "fromEnv") return FromEnv(path, value.scalar, std::move(given));
  }
  const std::string_view kind = node.kind == YamlNode::Kind::kNull ? "empty" : KindName(node.kind);
  state_.faults.Add(node.line, fmt::format("{} is {}, want {}", KeyInMessage(path), kind, want));
  return std::nullopt;
}

std::optional<Reader::Given> Reader::FromFile(const std::string& path, const std::string& file,
                                              Given given) {
  absl::StatusOr<std::string> text = ReadFile(file, kMaxReferredBytes);
  if (!text.ok()) {
    Blame(given, fmt::format("{}: {}", KeyInMessage(path), status::Message(text.status())));
    return std::nullopt;
  }
  given.text = *std::move(text);
  // An editor's last line feed is no part of a key.
  if (given.text.ends_with('\n')) given.text.pop_back();
  if (given.text.ends_with('\r')) given.text.pop_back();
  given.origin += fmt::format(" (file {})", text::Excerpt(file, 128));
  given.referred = true;
  return given;
}

std::optional<Reader::Given> Reader::FromEnv(const std::string& path, const std::string& name,
                                             Given given) {
  const std::string* text = state_.overrides.Refer(name);
  if (text == nullptr) {
    Blame(given, fmt::format("{} refers to the environment variable '{}', which is not set",
                             KeyInMessage(path), text::Excerpt(name)));
    return std::nullopt;
  }
  given.text = *text;
  given.origin += fmt::format(" (environment {})", text::Excerpt(name));
  given.referred = true;
  return given;
}

std::optional<std::vector<Reader::Given>> Reader::FindList(std::string_view key,
                                                           std::string_view want) {
  const YamlNode* node = Know(key);
  const std::string path = PathOf(key);
  bool overridden = false;
  const std::optional<Given> whole = FindOverride(path, /*secret=*/false, &overridden);
  if (overridden) return whole ? std::optional(SplitList(*whole)) : std::nullopt;
  if (node != nullptr && node->kind != YamlNode::Kind::kList) {
    if (node->kind != YamlNode::Kind::kNull) Child(key, YamlNode::Kind::kList);
    node = nullptr;
  }
  std::vector<Given> elements;
  bool good = true;
  for (size_t i = 0; i < kMaxListed; ++i) {
    const std::string element = ElementPath(key, i);
    std::optional<Given> given = FindOverride(element, /*secret=*/false, &overridden);
    const bool in_file = node != nullptr && i < node->items.size();
    if (!overridden && !in_file) break;
    if (probe_) return std::nullopt;
    if (!overridden) given = FromNode(element, node->items[i], want);
    good = good && given.has_value();
    if (given) elements.push_back(*std::move(given));
  }
  if (!good || (node == nullptr && elements.empty())) return std::nullopt;
  return elements;
}

std::vector<Reader::Given> Reader::SplitList(const Given& whole) const {
  std::vector<Given> elements;
  if (text::Trim(whole.text).empty()) return elements;
  for (std::string_view each : text::Split(whole.text, ',')) {
    elements.push_back(whole);
    elements.back().text = text::Trim(each);
  }
  return elements;
}

const YamlNode* Reader::Child(std::string_view key, YamlNode::Kind kind) {
  const YamlNode* node = Know(key);
  // A key without a value: all that was under it is commented out.
  if (node == nullptr || node->kind == YamlNode::Kind::kNull) return nullptr;
  return OfKind(*node, PathOf(key), kind);
}

const YamlNode* Reader::Names(std::string_view key) {
  const YamlNode* map = Child(key, YamlNode::Kind::kMap);
  if (map == nullptr || map->entries.size() <= kMaxNames) return map;
  Fault(key, fmt::format("has {} entries, want at most {}", map->entries.size(), kMaxNames));
  return nullptr;
}

const YamlNode* Reader::Element(const YamlNode* list, std::string_view key, size_t index) {
  if (list == nullptr || index >= list->items.size()) return nullptr;
  return OfKind(list->items[index], ElementPath(key, index), YamlNode::Kind::kMap);
}

const YamlNode* Reader::OfKind(const YamlNode& node, const std::string& path, YamlNode::Kind kind) {
  if (node.kind == kind) return &node;
  const std::string what = node.kind == YamlNode::Kind::kScalar
                               ? fmt::format("'{}'", text::Excerpt(node.scalar))
                               : std::string(KindName(node.kind));
  state_.faults.Add(node.line,
                    fmt::format("{} is {}, want {}", KeyInMessage(path), what, KindName(kind)));
  return nullptr;
}

void Reader::Reject(const std::string& path, const Given& given, std::string_view want, bool show) {
  std::string what = "is not valid";
  if (given.text.empty()) {
    what = "is empty";
  } else if (show && !given.referred) {
    what = fmt::format("is '{}'", text::Excerpt(given.text));
  }
  Blame(given, fmt::format("{} {}, want {}", KeyInMessage(path), what, want));
}

void Reader::Blame(const Given& given, std::string text) {
  if (given.line > 0) {
    state_.faults.Add(given.line, std::move(text));
  } else {
    state_.faults.AddFrom(given.origin, text);
  }
}

void Reader::Record(std::string path, std::string_view value, const std::optional<Given>& given) {
  if (probe_) return;
  state_.settings.push_back({.path = text::Excerpt(path, 256),
                             .value = text::Excerpt(value, 256),
                             .origin = given ? given->origin : "default"});
}

void Reader::AddUnknownKeys() {
  if (map_ == nullptr || probe_) return;
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  size_t unknown = 0;
  for (const YamlEntry& each : map_->entries) {
    if (std::find(known.begin(), known.end(), each.key) != known.end()) continue;
    std::string text = fmt::format("{} is not a known key", KeyInMessage(PathOf(each.key)));
    const std::string_view near =
        ++unknown <= kMaxSuggestions ? Closest(each.key, known) : std::string_view();
    if (!near.empty()) {
      text += fmt::format(", did you mean '{}'?", near);
    } else if (!known.empty() && known.size() <= kMaxKeysInMessage) {
      text += fmt::format(", want {}{}", known.size() > 1 ? "one of " : "", fmt::join(known, ", "));
    }
    state_.faults.Add(each.line, std::move(text));
  }
}

}  // namespace weir::config

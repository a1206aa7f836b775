#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/secret.h"
#include "common/config/settings.h"
#include "common/config/yaml.h"
#include "common/time/clock.h"

namespace weir::config {

// What is expected of a value besides its type; both bounds are included. A field whose value is
// not given, or not right, keeps what it held: its default.
struct TextRule {
  bool required = false;
  std::string_view want = {};                  // For messages: "HOST:PORT". Needed beside `accept`.
  bool (*accept)(std::string_view) = nullptr;  // Null: any text.
};
template <typename T>
struct Range {
  bool required = false;
  T min = std::numeric_limits<T>::lowest();
  T max = std::numeric_limits<T>::max();
};
using IntRule = Range<int64_t>;
using DoubleRule = Range<double>;
struct DurationRule {
  bool required = false;
  Duration min = Duration::zero();
  Duration max = Duration::max();
};
struct BytesRule {
  bool required = false;
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct SecretRule {
  bool required = false;
  size_t min_bytes = 0;
};

class ReadState;

// Reads the keys of one map of the configuration into fields, and collects what is wrong instead of
// stopping.
//
//   void ReadListener(Reader& reader, Listener& listener) {
//     reader.String("address", &listener.address, {.want = "HOST:PORT", .accept = IsHostPort});
//     reader.Duration("idle_timeout", &listener.idle_timeout, {.min = 1s, .max = 1h});
//     reader.Optional("tls", &listener.tls, ReadTls);
//   }
//
// A key's value is that of its WEIR_* variable, else that of the file; a value is text, or a
// reference to it: {fromFile: path} or {fromEnv: NAME}. For a variable: WEIR_..._FROMFILE and
// WEIR_..._FROMENV. Each call names one key; a key of the file that no call named is a fault.
// Methods return whether the value was given and right. Lives only as long as the function it is
// handed to.
class Reader {
 public:
  Reader(ReadState& state, const YamlNode* map, std::string path, bool probe);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  bool String(std::string_view key, std::string* out, TextRule rule = {});
  bool Bool(std::string_view key, bool* out);
  bool Double(std::string_view key, double* out, DoubleRule rule = {});
  // "250ms", "1h30m".
  bool Duration(std::string_view key, weir::Duration* out, DurationRule rule = {});
  template <std::integral T>
  bool Int(std::string_view key, T* out, IntRule rule = {});
  // "16MiB", "4096".
  template <std::integral T>
  bool Bytes(std::string_view key, T* out, BytesRule rule = {});
  // One of a few names.
  template <typename E>
  bool Enum(std::string_view key, E* out,
            std::initializer_list<std::pair<std::string_view, E>> names, bool required = false);
  // Messages and dumps never show it. WEIR_..._FILE works like WEIR_..._FROMFILE.
  bool Secret(std::string_view key, config::Secret* out, SecretRule rule = {});

  // A list of texts, `rule` for each; a variable has them between commas. Replaces the default,
  // also with an empty list.
  bool Strings(std::string_view key, std::vector<std::string>* out, TextRule rule = {});
  // A map of free names to texts, `rule` for each.
  bool StringMap(std::string_view key, std::map<std::string, std::string>* out, TextRule rule = {});

  // In these, `read` is any void(Reader&, T&).
  //
  // A map that is always read, so that defaults and overrides hold where the file leaves it out.
  template <typename T, typename Read>
  void Section(std::string_view key, T* out, Read read);
  // A map that may be absent: read when the file has it, or an override reaches into it.
  template <typename T, typename Read>
  bool Optional(std::string_view key, std::optional<T>* out, Read read);
  // A list of maps. Overrides may add to its end: WEIR_LISTENERS_0_ADDRESS alone makes a list of
  // one.
  template <typename T, typename Read>
  bool List(std::string_view key, std::vector<T>* out, Read read);
  // A map of free names to maps; the names are the file's.
  template <typename T, typename Read>
  bool Map(std::string_view key, std::map<std::string, T>* out, Read read);

  // Whether the file has `key`, or an override has exactly it.
  bool Has(std::string_view key) const;
  // "listeners[0]"; empty for the whole file.
  const std::string& path() const { return path_; }
  // A fault of `key`, at its line: "listeners[0].address " and then `text`, as in "is taken by
  // listeners[1]".
  void Fault(std::string_view key, std::string_view text);
  // The faults of a Validate(), whose messages begin with the whole path of their key: each at the
  // line, or the variable, of its key or of what is nearest around it.
  void Check(const absl::Status& validated);

 private:
  // A value with where it came from.
  struct Given {
    std::string text;
    std::string origin;     // "weir.yaml:12" or "WEIR_LOG_LEVEL", with the file behind a reference.
    int line = 0;           // 0: not from the file.
    bool referred = false;  // By fromFile or fromEnv: not shown in messages.
  };
  static constexpr size_t kMaxListed = 1000;

  std::string PathOf(std::string_view key) const;
  std::string ElementPath(std::string_view key, size_t index) const;
  int LineFor(std::string_view key) const;
  const YamlNode* Know(std::string_view key);

  std::optional<Given> Find(std::string_view key, bool required, std::string_view want,
                            bool secret = false);
  std::optional<std::vector<Given>> FindList(std::string_view key, std::string_view want);
  std::vector<Given> SplitList(const Given& whole) const;
  std::optional<Given> FindOverride(const std::string& path, bool secret, bool* overridden);
  std::optional<Given> FromNode(const std::string& path, const YamlNode& node,
                                std::string_view want);
  // The text behind a reference that `given` holds so far.
  std::optional<Given> FromFile(const std::string& path, const std::string& file, Given given);
  std::optional<Given> FromEnv(const std::string& path, const std::string& name, Given given);

  bool Accepts(const std::string& path, const Given& given, const TextRule& rule);
  // Adds the fault "PATH is 'TEXT', want WANT"; without the text where it must not be shown.
  void Reject(const std::string& path, const Given& given, std::string_view want, bool show);
  // Adds the fault `text` where `given` came from.
  void Blame(const Given& given, std::string text);
  void Record(std::string path, std::string_view value, const std::optional<Given>& given);

  template <typename T, typename Parse, typename Format>
  bool ReadRange(std::string_view key, T* out, const Range<T>& range, std::string_view want,
                 Parse parse, Format format);
  bool ReadInt(std::string_view key, int64_t* out, IntRule rule);
  bool ReadBytes(std::string_view key, int64_t* out, BytesRule rule);
  bool ReadName(std::string_view key, const std::vector<std::string_view>& names, size_t* index,
                bool required);

  // The node at `key`, if it is of `kind`; null where there is none or it is null; a fault if it is
  // something else.
  const YamlNode* Child(std::string_view key, YamlNode::Kind kind);
  // A map of free names, of which there may not be too many.
  const YamlNode* Names(std::string_view key);
  const YamlNode* Element(const YamlNode* list, std::string_view key, size_t index);
  const YamlNode* OfKind(const YamlNode& node, const std::string& path, YamlNode::Kind kind);
  // Whether an override reaches into the map at `path`, as far as `read` knows it.
  template <typename T, typename Read>
  bool Probe(std::string path, Read read);
  void Hit();
  bool WasHit() const { return hit_; }
  void AddUnknownKeys();

  ReadState& state_;
  const YamlNode* const map_;  // Null: the file has none.
  const std::string path_;
  const bool probe_;  // Only looks whether an override would reach something.
  bool hit_ = false;
  std::vector<std::string> known_;
};

template <std::integral T>
bool Reader::Int(std::string_view key, T* out, IntRule rule) {
  rule.min = std::max(rule.min, std::in_range<int64_t>(std::numeric_limits<T>::min())
                                    ? static_cast<int64_t>(std::numeric_limits<T>::min())
                                    : rule.min);
  rule.max = std::min(rule.max, std::in_range<int64_t>(std::numeric_limits<T>::max())
                                    ? static_cast<int64_t>(std::numeric_limits<T>::max())
                                    : rule.max);
  auto value = static_cast<int64_t>(*out);
  const bool given = ReadInt(key, &value, rule);
  *out = static_cast<T>(value);
  return given;
}

template <std::integral T>
bool Reader::Bytes(std::string_view key, T* out, BytesRule rule) {
  if (std::in_range<int64_t>(std::numeric_limits<T>::max())) {
    rule.max = std::min(rule.max, static_cast<int64_t>(std::numeric_limits<T>::max()));
  }
  auto value = static_cast<int64_t>(*out);
  const bool given = ReadBytes(key, &value, rule);
  *out = static_cast<T>(value);
  return given;
}

template <typename E>
bool Reader::Enum(std::string_view key, E* out,
                  std::initializer_list<std::pair<std::string_view, E>> names, bool required) {
  std::vector<std::string_view> words;
  size_t index = names.size();
  for (const auto& [word, value] : names) {
    if (value == *out) index = words.size();
    words.push_back(word);
  }
  const bool given = ReadName(key, words, &index, required);
  if (given) *out = (names.begin() + index)->second;
  return given;
}

template <typename T, typename Read>
void Reader::Section(std::string_view key, T* out, Read read) {
  Reader section(state_, Child(key, YamlNode::Kind::kMap), PathOf(key), probe_);
  read(section, *out);
  if (section.WasHit()) Hit();
}

template <typename T, typename Read>
bool Reader::Optional(std::string_view key, std::optional<T>* out, Read read) {
  const YamlNode* map = Child(key, YamlNode::Kind::kMap);
  const bool reached = Probe<T>(PathOf(key), read);
  if (probe_ || (map == nullptr && !reached)) return false;
  Reader section(state_, map, PathOf(key), /*probe=*/false);
  if (!out->has_value()) out->emplace();
  read(section, **out);
  return true;
}

template <typename T, typename Read>
bool Reader::List(std::string_view key, std::vector<T>* out, Read read) {
  const YamlNode* list = Child(key, YamlNode::Kind::kList);
  size_t count = list == nullptr ? 0 : list->items.size();
  while (Probe<T>(ElementPath(key, count), read) && !probe_ && count < kMaxListed) ++count;
  if (probe_ || (list == nullptr && count == 0)) return false;
  std::vector<T> elements(count);
  for (size_t i = 0; i < count; ++i) {
    Reader each(state_, Element(list, key, i), ElementPath(key, i), /*probe=*/false);
    read(each, elements[i]);
  }
  *out = std::move(elements);
  return true;
}

template <typename T, typename Read>
bool Reader::Map(std::string_view key, std::map<std::string, T>* out, Read read) {
  const YamlNode* map = Names(key);
  if (probe_ || map == nullptr) return false;
  Reader names(state_, map, PathOf(key), /*probe=*/false);
  out->clear();
  for (const YamlEntry& entry : map->entries) {
    names.Section(entry.key, &(*out)[entry.key], read);
  }
  return true;
}

template <typename T, typename Read>
bool Reader::Probe(std::string path, Read read) {
  T scratch{};
  Reader probe(state_, nullptr, std::move(path), /*probe=*/true);
  read(probe, scratch);
  if (probe.WasHit()) Hit();
  return probe.WasHit();
}

}  // namespace weir::config

// The values of reader.h: from text to fields. reader_nodes.cc finds the text.
#include "common/config/reader.h"

#include <limits>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::config {
namespace {

using DurationCount = weir::Duration::rep;

// "a whole number from 1 to 10", "at least 30s", "a size such as 16MiB": as much as there are
// bounds.
template <typename T, typename Format>
std::string WantRange(const Range<T>& range, std::string_view kind, std::string_view plain,
                      Format format) {
  const bool above = range.min > Range<T>().min;
  const bool below = range.max < Range<T>().max;
  if (above && below) {
    return fmt::format("{}{} to {}", kind.empty() ? "" : fmt::format("{} from ", kind),
                       format(range.min), format(range.max));
  }
  const std::string prefix = kind.empty() ? "" : fmt::format("{}, ", kind);
  if (above) return fmt::format("{}at least {}", prefix, format(range.min));
  if (below) return fmt::format("{}at most {}", prefix, format(range.max));
  return std::string(plain);
}

// "a", "a or b", "a, b or c".
std::string WantOneOf(const std::vector<std::string_view>& words) {
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) all += i + 1 == words.size() ? " or " : ", ";
    all += words[i];
  }
  return all;
}

template <typename T>
std::string FormatNumber(T number) {
  return fmt::format("{}", number);
}
std::string FormatNanos(DurationCount nanos) { return text::FormatDuration(weir::Duration(nanos)); }
std::optional<DurationCount> ParseNanos(std::string_view text) {
  const std::optional<weir::Duration> duration = text::ParseDuration(text);
  if (!duration) return std::nullopt;
  return duration->count();
}

std::string_view WantText(const TextRule& rule) { return rule.want.empty() ? "text" : rule.want; }

}  // namespace

bool Reader::Accepts(const std::string& path, const Given& given, const TextRule& rule) {
  const bool empty = given.text.empty() && rule.required;
  if (!empty && (rule.accept == nullptr || rule.accept(given.text))) return true;
  Reject(path, given, WantText(rule), /*show=*/true);
  return false;
}

bool Reader::String(std::string_view key, std::string* out, TextRule rule) {
  std::optional<Given> given = Find(key, rule.required, WantText(rule));
  if (given && !Accepts(PathOf(key), *given, rule)) given.reset();
  if (given) *out = given->text;
  Record(PathOf(key), given && given->referred ? "***" : *out, given);
  return given.has_value();
}

bool Reader::Bool(std::string_view key, bool* out) {
  return ReadRange(key, out, {.min = false, .max = true}, "true or false", text::ParseBool,
                   FormatNumber<bool>);
}

bool Reader::Double(std::string_view key, double* out, DoubleRule rule) {
  const std::string want = WantRange(rule, "a number", "a number", FormatNumber<double>);
  return ReadRange(key, out, rule, want, text::ParseDouble, FormatNumber<double>);
}

bool Reader::Duration(std::string_view key, weir::Duration* out, DurationRule rule) {
  const Range<DurationCount> range{rule.required, rule.min.count(), rule.max.count()};
  // Zero is the least in any case, and not worth a word.
  const Range<DurationCount> shown{.min = range.min == 0 && rule.max == weir::Duration::max()
                                              ? Range<DurationCount>().min
                                              : range.min,
                                   .max = range.max};
  DurationCount nanos = out->count();
  const bool given =
      ReadRange(key, &nanos, range, WantRange(shown, "", "a duration such as 60s", FormatNanos),
                ParseNanos, FormatNanos);
  *out = weir::Duration(nanos);
  return given;
}

bool Reader::ReadInt(std::string_view key, int64_t* out, IntRule rule) {
  const std::string want =
      WantRange(rule, "a whole number", "a whole number", FormatNumber<int64_t>);
  return ReadRange(key, out, rule, want, text::ParseInt64, FormatNumber<int64_t>);
}

bool Reader::ReadBytes(std::string_view key, int64_t* out, BytesRule rule) {
  const IntRule range{rule.required, rule.min, rule.max};
  const IntRule shown{.min = rule.min == 0 && rule.max == IntRule().max ? IntRule().min : rule.min,
                      .max = rule.max};
  const std::string want = WantRange(shown, "", "a size such as 16MiB", text::FormatByteSize);
  return ReadRange(key, out, range, want, text::ParseByteSize, text::FormatByteSize);
}

// `parse` is optional<T>(string_view), `format` string(T).
template <typename T, typename Parse, typename Format>
bool Reader::ReadRange(std::string_view key, T* out, const Range<T>& range, std::string_view want,
                       Parse parse, Format format) {
  std::optional<Given> given = Find(key, range.required, want);
  if (given) {
    const std::optional<T> value = parse(given->text);
    if (value && *value >= range.min && *value <= range.max) {
      *out = *value;
    } else {
      Reject(PathOf(key), *given, want, /*show=*/true);
      given.reset();
    }
  }
  Record(PathOf(key), format(*out), given);
  return given.has_value();
}

bool Reader::ReadName(std::string_view key, const std::vector<std::string_view>& names,
                      size_t* index, bool required) {
  const std::string want = WantOneOf(names);
  std::optional<Given> given = Find(key, required, want);
  if (given) {
    const auto found = std::find(names.begin(), names.end(), given->text);
    if (found != names.end()) {
      *index = static_cast<size_t>(found - names.begin());
    } else {
      Reject(PathOf(key), *given, want, /*show=*/true);
      given.reset();
    }
  }
  Record(PathOf(key), *index < names.size() ? names[*index] : "", given);
  return given.has_value();
}

bool Reader::Secret(std::string_view key, config::Secret* out, SecretRule rule) {
  const size_t min_bytes = std::max<size_t>(rule.min_bytes, rule.required ? 1 : 0);
  const std::string want =
      min_bytes > 1 ? fmt::format("a secret of at least {} bytes", min_bytes) : "a secret";
  std::optional<Given> given = Find(key, rule.required, want, /*secret=*/true);
  if (given && given->text.size() < min_bytes) {
    Reject(PathOf(key), *given, want, /*show=*/false);
    given.reset();
  }
  if (given) *out = config::Secret(given->text);
  Record(PathOf(key), out->empty() ? "" : "***", given);
  return given.has_value();
}

bool Reader::Strings(std::string_view key, std::vector<std::string>* out, TextRule rule) {
  const std::string path = PathOf(key);
  std::optional<std::vector<Given>> elements = FindList(key, WantText(rule));
  if (elements) {
    std::vector<std::string> accepted;
    for (size_t i = 0; i < elements->size(); ++i) {
      const Given& each = (*elements)[i];
      if (Accepts(fmt::format("{}[{}]", path, i), each, rule)) accepted.push_back(each.text);
    }
    if (accepted.size() == elements->size()) {
      *out = std::move(accepted);
    } else {
      elements.reset();
    }
  } else if (rule.required && !probe_) {
    Fault(key, fmt::format("is missing, want a list of {}", WantText(rule)));
  }
  const bool from_file = elements && !elements->empty();
  Record(path, fmt::format("{}", fmt::join(*out, ", ")),
         from_file ? std::optional(elements->front()) : std::nullopt);
  return elements.has_value();
}

bool Reader::StringMap(std::string_view key, std::map<std::string, std::string>* out,
                       TextRule rule) {
  const YamlNode* map = Names(key);
  if (probe_ || map == nullptr) return false;
  Reader names(state_, map, PathOf(key), /*probe=*/false);
  std::map<std::string, std::string> read;
  rule.required = true;
  bool good = true;
  for (const YamlEntry& entry : map->entries) {
    good = names.String(entry.key, &read[entry.key], rule) && good;
  }
  if (good) *out = std::move(read);
  return good;
}

}  // namespace weir::config

#include <algorithm>

#include "common/text/json_escape.h"
#include "edge/caching/recorded_answer.h"
#include "edge/dialects/openai/json_string.h"

namespace weir::edge {
namespace {

constexpr size_t kLargestRestored = 8 * 1024 * 1024;

// Where the string whose inside begins at `at` has its closing quote; npos: nowhere.
size_t ClosingQuote(std::string_view json, size_t at) {
  for (;;) {
    at = json.find_first_of("\"\\", at);
    if (at == std::string_view::npos || json[at] == '"') return at;
    at += 2;  // An escape.
  }
}

// The inside of a string that may have a placeholder, its brackets escaped or not.
bool MayHavePlaceholder(std::string_view inside) {
  return inside.find('[') != std::string_view::npos ||
         inside.find("\\u005") != std::string_view::npos;
}

bool IsName(std::string_view json, size_t behind) {
  const size_t next = json.find_first_not_of(" \t\r\n", behind);
  return next != std::string_view::npos && json[next] == ':';
}

class Restoring {
 public:
  explicit Restoring(const text::PlaceholderMap& values) : values_(values) {}

  // The inside of a string, as it is with its values.
  absl::Status Add(std::string_view inside, std::string& out) {
    text_.clear();
    openai::ForEachUnescaped(inside, [this](std::string_view piece) { text_.append(piece); });
    std::string_view rest = text_;
    while (!rest.empty()) {
      const size_t open = std::min(rest.find('['), rest.size());
      text::AppendJsonEscaped(out, rest.substr(0, open));
      rest.remove_prefix(open);
      if (rest.empty()) break;
      WEIR_RETURN_IF_ERROR(AddBracket(rest, out));
      if (out.size() > kLargestRestored) {
        return status::ResourceExhausted("restoring a recording: it is over {} bytes",
                                         kLargestRestored);
      }
    }
    return absl::OkStatus();
  }

 private:
  // `rest` begins with a bracket; what was written is cut off.
  absl::Status AddBracket(std::string_view& rest, std::string& out) {
    const text::PlaceholderRead read = text::ReadPlaceholder(rest, true);
    const bool found = read.kind == text::PlaceholderRead::Kind::kFound;
    const std::string* value = found ? values_.Find(read.canonical) : nullptr;
    if (value != nullptr) {
      text::AppendJsonEscaped(out, *value);
      rest.remove_prefix(read.length);
      return absl::OkStatus();
    }
    if (found && rest.starts_with(read.canonical)) {
      return status::NotFound("restoring a recording: a placeholder is not the request's");
    }
    out.push_back('[');
    rest.remove_prefix(1);
    return absl::OkStatus();
  }

  const text::PlaceholderMap& values_;
  std::string text_;
};

}  // namespace

absl::StatusOr<std::string> RestoreRecording(std::string_view body,
                                             const text::PlaceholderMap& values) {
  std::string out;
  out.reserve(body.size() + 256);
  Restoring restoring(values);
  size_t at = 0;
  for (;;) {
    const size_t quote = std::min(body.find('"', at), body.size());
    out.append(body.substr(at, quote - at));
    if (quote == body.size()) return out;
    const size_t end = ClosingQuote(body, quote + 1);
    if (end == std::string_view::npos) {
      return status::InvalidArgument("restoring a recording: a string does not end");
    }
    const std::string_view inside = body.substr(quote + 1, end - quote - 1);
    out.push_back('"');
    if (MayHavePlaceholder(inside) && !IsName(body, end + 1)) {
      WEIR_RETURN_IF_ERROR(restoring.Add(inside, out));
    } else {
      out.append(inside);
    }
    out.push_back('"');
    at = end + 1;
  }
}

}  // namespace weir::edge

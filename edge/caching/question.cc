#include "edge/caching/question.h"

#include <algorithm>

#include "common/json/json_path.h"
#include "common/text/parse.h"

namespace weir::edge {
namespace {

namespace dom = simdjson::dom;

// Of a longer conversation a path selects among the first ones.
constexpr size_t kMostCandidates = 10'000;

std::string_view TextOf(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return {};
  return text;
}

// A string, or the texts of a list of content parts; whatever else the list has is no text.
std::vector<std::string_view> TextsOf(dom::element content) {
  std::vector<std::string_view> texts;
  std::string_view whole;
  dom::array parts;
  if (content.get(whole) == simdjson::SUCCESS) {
    texts.push_back(whole);
  } else if (content.get(parts) == simdjson::SUCCESS) {
    for (const dom::element part : parts) {
      const std::string_view type = TextOf(part, "type");
      std::string_view text;
      if (type != "text" && type != "input_text") continue;
      if (part["text"].get(text) == simdjson::SUCCESS) texts.push_back(text);
    }
  }
  return texts;
}

// One step of a path: ".name", "['name']" or "[0]". Cuts it off; nothing where it is none of these,
// or `at` has no such thing.
std::optional<dom::element> Step(dom::element at, std::string_view& path) {
  dom::element next;
  if (path.starts_with('.')) {
    const size_t end = std::min(path.find_first_of(".[", 1), path.size());
    const std::string_view name = path.substr(1, end - 1);
    path.remove_prefix(end);
    if (at[name].get(next) != simdjson::SUCCESS) return std::nullopt;
    return next;
  }
  const size_t end = path.find(']');
  if (!path.starts_with('[') || end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = path.substr(1, end - 1);
  path.remove_prefix(end + 1);
  if (inside.size() >= 2 && inside.front() == '\'' && inside.back() == '\'') {
    if (at[inside.substr(1, inside.size() - 2)].get(next) != simdjson::SUCCESS) return std::nullopt;
    return next;
  }
  const std::optional<uint64_t> index = text::ParseUint64(inside);
  if (!index || at.at(*index).get(next) != simdjson::SUCCESS) return std::nullopt;
  return next;
}

std::optional<dom::element> AtPath(dom::element root, std::string_view path) {
  if (!path.starts_with('$')) return std::nullopt;
  path.remove_prefix(1);
  std::optional<dom::element> at = root;
  while (at && !path.empty()) at = Step(*at, path);
  return at;
}

// The texts that a path may select, and where they stand.
class Candidates {
 public:
  explicit Candidates(dom::element root) {
    for (const std::string_view each : {"messages", "input"}) AddTurns(root, each);
    Add(root, "instructions", "$");
  }
  // Nothing where `path` is none.
  std::vector<std::string_view> Select(std::string_view path) const {
    std::vector<std::string_view> selected;
    const auto compiled = json::JsonPath::Compile(path);
    if (!compiled.ok()) return selected;
    const json::TextPaths places({places_.begin(), places_.end()});
    for (size_t i = 0; i < texts_.size(); ++i) {
      if (places.IsSelected(*compiled, i)) selected.push_back(texts_[i]);
    }
    return selected;
  }

 private:
  void AddTurns(dom::element root, std::string_view list) {
    Add(root, list, "$");
    dom::array turns;
    if (root[list].get(turns) != simdjson::SUCCESS) return;
    size_t index = 0;
    for (const dom::element turn : turns) {
      std::string at = "$";
      json::AppendName(at, list);
      json::AppendIndex(at, index++);
      AddContent(turn, at);
    }
  }
  void AddContent(dom::element turn, std::string at) {
    Add(turn, "content", at);
    dom::array parts;
    if (turn["content"].get(parts) != simdjson::SUCCESS) return;
    json::AppendName(at, "content");
    size_t index = 0;
    for (const dom::element part : parts) {
      std::string part_at = at;
      json::AppendIndex(part_at, index++);
      Add(part, "text", part_at);
    }
  }
  void Add(dom::element object, std::string_view key, std::string at) {
    std::string_view text;
    if (object[key].get(text) != simdjson::SUCCESS || texts_.size() == kMostCandidates) return;
    json::AppendName(at, key);
    places_.push_back(std::move(at));
    texts_.push_back(text);
  }

  std::vector<std::string> places_;
  std::vector<std::string_view> texts_;
};

// Most paths name one place, and need not look at the rest.
std::vector<std::string_view> TextsAt(dom::element root, std::string_view path) {
  if (const auto found = AtPath(root, path)) {
    std::vector<std::string_view> texts = TextsOf(*found);
    if (!texts.empty()) return texts;
  }
  std::vector<std::string_view> texts = Candidates(root).Select(path);
  std::sort(texts.begin(), texts.end(),
            [](auto a, auto b) { return std::less<>()(a.data(), b.data()); });
  return texts;
}

// A chat's messages, or the items of a responses request: nothing where the latter is one string.
std::optional<dom::element> LastTurn(dom::element root, std::string_view list) {
  dom::array turns;
  if (root[list].get(turns) != simdjson::SUCCESS) return std::nullopt;
  std::optional<dom::element> last;
  for (const dom::element each : turns) last = each;
  return last;
}

bool IsToolResult(dom::element turn) {
  const std::string_view role = TextOf(turn, "role");
  return role == "tool" || role == "function" || TextOf(turn, "type").ends_with("_output");
}

bool IsUsers(dom::element turn) {
  const std::string_view type = TextOf(turn, "type");
  return TextOf(turn, "role") == "user" && (type.empty() || type == "message");
}

}  // namespace

std::string Question::Joined() const {
  std::string joined;
  for (const std::string_view each : texts) {
    if (!joined.empty()) joined.push_back('\n');
    joined.append(each);
  }
  return joined;
}

Question FindQuestion(routing::v1::ApiKind kind, dom::element root, std::string_view path) {
  const std::string_view list = kind == routing::v1::API_KIND_RESPONSES ? "input" : "messages";
  Question question;
  const std::optional<dom::element> last = LastTurn(root, list);
  if (last && IsToolResult(*last)) {
    question.is_tool_result = true;
    return question;
  }
  dom::element asked;
  if (!path.empty()) {
    question.texts = TextsAt(root, path);
  } else if (last) {
    if (IsUsers(*last) && (*last)["content"].get(asked) == simdjson::SUCCESS) {
      question.texts = TextsOf(asked);
    }
  } else if (std::string_view whole; root[list].get(whole) == simdjson::SUCCESS) {
    question.texts.push_back(whole);
  }
  return question;
}

}  // namespace weir::edge

#include "common/config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <tuple>

#include "common/text/excerpt.h"
#include "common/text/utf8.h"

namespace weir::config {
namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";
constexpr std::string_view kPlainTag = "?";   // What yaml-cpp reports for an unquoted scalar,
constexpr std::string_view kQuotedTag = "!";  // and for a quoted one.

// Thrown through yaml-cpp to stop it, and caught in ParseYaml. The fault is listed already.
struct Stop : std::exception {};

int LineOf(const YAML::Mark& mark) { return mark.line + 1; }

// Builds the tree from yaml-cpp's events, so that its own graph of nodes with aliases never exists.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Faults& faults) : faults_(faults) {}

  std::vector<YamlNode> TakeDocuments() { return std::move(documents_); }
  // After a syntax error: what is open is not a document.
  void DropOpenDocument() {
    if (open_) documents_.pop_back();
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    documents_.push_back({.line = LineOf(mark)});
    open_ = true;
  }
  void OnDocumentEnd() override { open_ = false; }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    if (ExpectsKey()) Refuse(mark, "has a key that is empty, want text");
    YamlNode& node = Place(mark);
    // The mark of a value that is not there is that of what comes after it.
    if (InMap()) node.line = stack_.back()->entries.back().line;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "uses an alias (*name), which is not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    if (ExpectsKey()) {
      Count(mark);
      if (value.size() > kMaxKeyBytes) {
        Refuse(mark,
               fmt::format("has a key of {} bytes, want at most {}", value.size(), kMaxKeyBytes));
      }
      stack_.back()->entries.push_back({.key = value, .line = LineOf(mark)});
      awaits_value_.back() = true;
      return;
    }
    YamlNode& node = Place(mark);
    node.kind = YamlNode::Kind::kScalar;
    node.quoted = tag == kQuotedTag || tag == kStringTag;
    node.scalar = value;
    CheckTag(mark, tag);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override {
    FindDuplicates(*stack_.back());
    Close();
  }

 private:
  bool InMap() const { return !stack_.empty() && stack_.back()->kind == YamlNode::Kind::kMap; }
  bool ExpectsKey() const { return InMap() && !awaits_value_.back(); }

  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string text) {
    faults_.Add(LineOf(mark), std::move(text));
    throw Stop();
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) Refuse(mark, "sets an anchor (&name), which is not supported");
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == kPlainTag || tag == kQuotedTag || tag == kStringTag) return;
    faults_.Add(LineOf(mark),
                fmt::format("has the tag '{}', want none or !!str", text::Excerpt(tag)));
  }

  void Count(const YAML::Mark& mark) {
    if (++count_ > kMaxNodes) {
      Refuse(mark, fmt::format("has more than {} keys and values", kMaxNodes));
    }
  }

  // The place of the next value: of the key before it, the next of a list, or the document itself.
  YamlNode& Place(const YAML::Mark& mark) {
    Count(mark);
    YamlNode* place = &documents_.back();
    if (InMap()) {
      place = &stack_.back()->entries.back().value;
      awaits_value_.back() = false;
    } else if (!stack_.empty()) {
      place = &stack_.back()->items.emplace_back();
    }
    place->line = LineOf(mark);
    return *place;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    RefuseAnchor(mark, anchor);
    if (ExpectsKey()) Refuse(mark, fmt::format("has a key that is {}, want text", KindName(kind)));
    if (stack_.size() == kMaxDepth) {
      Refuse(mark, fmt::format("is nested deeper than {} levels", kMaxDepth));
    }
    YamlNode& node = Place(mark);
    node.kind = kind;
    CheckTag(mark, tag);
    // Its parent's vector does not grow while it is open, so the pointer holds.
    stack_.push_back(&node);
    awaits_value_.push_back(false);
  }
  void Close() {
    stack_.pop_back();
    awaits_value_.pop_back();
  }

  void FindDuplicates(const YamlNode& map) {
    std::vector<const YamlEntry*> sorted;
    for (const YamlEntry& each : map.entries) sorted.push_back(&each);
    // By key, and then by place in the file, which is the place in the vector.
    std::sort(sorted.begin(), sorted.end(), [](const YamlEntry* a, const YamlEntry* b) {
      return std::tie(a->key, a) < std::tie(b->key, b);
    });
    for (size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i]->key != sorted[i - 1]->key) continue;
      faults_.Add(sorted[i]->line, fmt::format("has the key '{}' twice, first on line {}",
                                               text::Excerpt(sorted[i]->key), sorted[i - 1]->line));
    }
  }

  Faults& faults_;
  std::vector<YamlNode> documents_;
  bool open_ = false;
  size_t count_ = 0;
  std::vector<YamlNode*> stack_;    // Open lists and maps, outermost first.
  std::vector<bool> awaits_value_;  // Beside stack_: a map whose last key has no value yet.
};

bool IsForbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// yaml-cpp guesses encodings and takes 0x04 for the end; so it gets plain UTF-8 or nothing.
bool IsPlainText(std::string_view text, Faults& faults) {
  if (text.size() > kMaxFileBytes) {
    faults.Add(0, fmt::format("has {} bytes, want at most {}", text.size(), kMaxFileBytes));
    return false;
  }
  int line = 1;
  for (std::string_view rest = text; !rest.empty();) {
    const text::Rune rune = text::DecodeRune(rest);
    if (rune.kind != text::Rune::Kind::kValid || IsForbidden(rest[0])) {
      faults.Add(line, fmt::format("has the byte '{}', want UTF-8 without control characters",
                                   text::Excerpt(rest.substr(0, 1))));
      return false;
    }
    line += rest[0] == '\n';
    rest.remove_prefix(rune.size);
  }
  return true;
}

// yaml-cpp takes a quoted text without its closing quote for whole if the file ends in white space.
// A comment at the end takes that from it, and changes nothing else.
std::string WithEnd(std::string_view text) {
  std::string ended(text);
  const size_t last = text.find_last_not_of(" \t");
  if (last == std::string_view::npos || (text[last] != '\n' && text[last] != '\r')) return ended;
  if (last + 1 < text.size()) ended.push_back('\n');
  ended.push_back('#');
  return ended;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& each : entries) {
    if (each.key == key) return &each.value;
  }
  return nullptr;
}

std::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kScalar:
      return "a value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      break;
  }
  return "a map";
}

std::vector<YamlNode> ParseYaml(std::string_view text, Faults& faults) {
  if (!IsPlainText(text, faults)) return {};
  TreeBuilder builder(faults);
  try {
    std::istringstream stream(WithEnd(text));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    builder.DropOpenDocument();
  } catch (const YAML::Exception& error) {
    builder.DropOpenDocument();
    faults.Add(LineOf(error.mark), fmt::format("is not YAML: {}", text::Excerpt(error.msg, 200)));
  } catch (const std::exception& error) {
    builder.DropOpenDocument();
    faults.Add(0, fmt::format("is not YAML: {}", text::Excerpt(error.what(), 200)));
  }
  return builder.TakeDocuments();
}

}  // namespace weir::config

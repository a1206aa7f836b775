#include "common/config/documents.h"

#include "common/config/core_schema.h"
#include "common/config/yaml.h"
#include "common/text/json_escape.h"

namespace weir::config {
namespace {

// Nobody asks for the line of a path longer than this; so a deep file with long keys does not fill
// memory with paths.
constexpr size_t kMaxPathBytes = 1024;

// Writes the JSON of nodes and notes their lines.
class JsonWriter {
 public:
  explicit JsonWriter(Document& document) : document_(document) {}

  // `path_` is that of `node`.
  void Write(const YamlNode& node) {
    if (path_.size() <= kMaxPathBytes) document_.lines.emplace(path_, node.line);
    switch (node.kind) {
      case YamlNode::Kind::kNull:
        document_.json += "null";
        break;
      case YamlNode::Kind::kScalar:
        AppendScalar(document_.json, node.scalar, node.quoted);
        break;
      case YamlNode::Kind::kList:
        WriteList(node);
        break;
      case YamlNode::Kind::kMap:
        WriteMap(node);
        break;
    }
  }

 private:
  void WriteList(const YamlNode& node) {
    document_.json.push_back('[');
    const size_t outer = path_.size();
    for (size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) document_.json.push_back(',');
      path_ += fmt::format("[{}]", i);
      Write(node.items[i]);
      path_.resize(outer);
    }
    document_.json.push_back(']');
  }

  void WriteMap(const YamlNode& node) {
    document_.json.push_back('{');
    const size_t outer = path_.size();
    for (size_t i = 0; i < node.entries.size(); ++i) {
      const YamlEntry& entry = node.entries[i];
      if (i > 0) document_.json.push_back(',');
      text::AppendJsonString(document_.json, entry.key);
      document_.json.push_back(':');
      if (outer > 0) path_.push_back('.');
      path_ += entry.key;
      Write(entry.value);
      path_.resize(outer);
    }
    document_.json.push_back('}');
  }

  Document& document_;
  std::string path_;
};

}  // namespace

int Document::LineOf(std::string_view path) const {
  for (;;) {
    if (const auto found = lines.find(path); found != lines.end()) return found->second;
    if (path.empty()) return line;
    const size_t end = path.find_last_of(".[");
    path = path.substr(0, end == std::string_view::npos ? 0 : end);
  }
}

absl::StatusOr<std::vector<Document>> ParseDocuments(std::string_view text, std::string file) {
  Faults faults(std::move(file));
  const std::vector<YamlNode> nodes = ParseYaml(text, faults);
  if (!faults.empty()) return faults.ToStatus();
  std::vector<Document> documents;
  for (const YamlNode& node : nodes) {
    if (node.kind == YamlNode::Kind::kNull) continue;
    Document& document = documents.emplace_back();
    document.file = faults.file();
    document.line = node.line;
    JsonWriter(document).Write(node);
  }
  return documents;
}

absl::StatusOr<std::vector<Document>> LoadDocuments(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseDocuments(text, path);
}

}  // namespace weir::config

#include "apps/apply/document.h"

#include <algorithm>
#include <filesystem>

#include "apps/apply/kind.h"
#include "common/config/suggest.h"
#include "common/text/excerpt.h"

namespace weir::apply {
namespace {

namespace fs = std::filesystem;
using config::Faults;
using config::YamlNode;

constexpr size_t kMaxFiles = 1000;
constexpr std::string_view kStdinFolder = ".";

std::string Quoted(std::string_view text) { return fmt::format("'{}'", text::Excerpt(text)); }

std::vector<std::string_view> KindNames() {
  std::vector<std::string_view> names;
  for (const Kind& each : Kinds()) names.push_back(each.name);
  return names;
}

// The text of a key of the document itself.
std::string TextOf(const config::YamlEntry& entry, Faults& faults) {
  if (entry.value.kind == YamlNode::Kind::kScalar) return entry.value.scalar;
  faults.Add(entry.line,
             fmt::format("{} is {}, want text", entry.key, config::KindName(entry.value.kind)));
  return "";
}

void TakeSpec(const config::YamlEntry& entry, Document& document, Faults& faults) {
  if (entry.value.kind == YamlNode::Kind::kMap || entry.value.kind == YamlNode::Kind::kNull) {
    document.spec = entry.value;
    return;
  }
  faults.Add(entry.line, fmt::format("spec is {}, want a map", config::KindName(entry.value.kind)));
}

void TakeEntry(const config::YamlEntry& entry, Document& document, Faults& faults) {
  if (entry.key == "kind") {
    document.kind = TextOf(entry, faults);
  } else if (entry.key == "name") {
    document.name = TextOf(entry, faults);
  } else if (entry.key == "organization") {
    document.organization = TextOf(entry, faults);
  } else if (entry.key == "spec") {
    TakeSpec(entry, document, faults);
  } else {
    faults.Add(entry.line, fmt::format("{} is unknown, want kind, name, organization or spec",
                                       text::Excerpt(entry.key)));
  }
}

// Whether the document says what it is; what it does not say is a fault.
bool CheckHead(const Document& document, Faults& faults) {
  const Kind* kind = FindKind(document.kind);
  if (kind == nullptr) {
    const std::string_view closest = config::Closest(document.kind, KindNames());
    faults.Add(document.line,
               fmt::format("kind is {}, want one of {}{}", Quoted(document.kind),
                           fmt::join(KindNames(), ", "),
                           closest.empty() ? "" : fmt::format(" (did you mean {}?)", closest)));
  }
  if (document.name.empty()) faults.Add(document.line, "name is missing, want text");
  if (kind != nullptr && !kind->of_organization && !document.organization.empty()) {
    faults.Add(document.line, "organization is set, want none in an Organization");
  }
  return kind != nullptr && !document.name.empty();
}

void AddDocument(const std::string& file, const std::string& folder, const YamlNode& node,
                 Faults& faults, std::vector<Document>& documents) {
  if (node.kind == YamlNode::Kind::kNull) return;  // "---" at the end of a file.
  if (node.kind != YamlNode::Kind::kMap) {
    faults.Add(node.line, fmt::format("the document is {}, want a map with kind, name and spec",
                                      config::KindName(node.kind)));
    return;
  }
  Document document{.file = file, .folder = folder, .line = node.line};
  for (const config::YamlEntry& each : node.entries) TakeEntry(each, document, faults);
  if (CheckHead(document, faults)) documents.push_back(std::move(document));
}

std::vector<Document> Parse(const std::string& file, const std::string& folder,
                            std::string_view text, FaultBook& book) {
  Faults& faults = book.Of(file);
  std::vector<Document> documents;
  for (const YamlNode& node : config::ParseYaml(text, faults)) {
    AddDocument(file, folder, node, faults, documents);
  }
  return documents;
}

bool IsDocumentFile(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  const std::string extension = entry.path().extension().string();
  std::error_code ignored;
  return !name.starts_with('.') && entry.is_regular_file(ignored) &&
         (extension == ".yaml" || extension == ".yml" || extension == ".json");
}

absl::StatusOr<std::vector<fs::path>> FilesOf(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    if (IsDocumentFile(*each)) files.push_back(each->path());
  }
  if (error) {
    return status::InvalidArgument("reading '{}': {}", text::Excerpt(folder.string(), 256),
                                   error.message());
  }
  if (files.empty() || files.size() > kMaxFiles) {
    return status::InvalidArgument("'{}' holds {} files (*.yaml, *.yml, *.json), want 1 to {}",
                                   text::Excerpt(folder.string(), 256), files.size(), kMaxFiles);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

absl::StatusOr<std::vector<Document>> ReadDocuments(const std::string& path, FaultBook& faults) {
  std::error_code ignored;
  const bool folder = fs::is_directory(path, ignored);
  std::vector<fs::path> files = {path};
  if (folder) {
    WEIR_ASSIGN_OR_RETURN(files, FilesOf(path));
  }
  std::vector<Document> all;
  for (const fs::path& each : files) {
    WEIR_ASSIGN_OR_RETURN(const std::string text, config::ReadFile(each.string()));
    const std::string shown = folder ? each.filename().string() : path;
    for (Document& document : Parse(shown, each.parent_path().string(), text, faults)) {
      all.push_back(std::move(document));
    }
  }
  if (all.empty() && faults.empty()) {
    return status::InvalidArgument("'{}' holds no documents", text::Excerpt(path, 256));
  }
  return all;
}

std::vector<Document> ParseDocuments(const std::string& file, std::string_view text,
                                     FaultBook& faults) {
  return Parse(file, std::string(kStdinFolder), text, faults);
}

}  // namespace weir::apply

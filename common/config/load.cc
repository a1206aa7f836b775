#include "common/config/load.h"

#include <iterator>

#include "common/config/read_state.h"
#include "common/config/yaml.h"

namespace weir::config {
namespace {

// The map that the file is; null for an empty one, and after a fault.
const YamlNode* Root(const std::vector<YamlNode>& documents, Faults& faults) {
  if (documents.empty() || documents[0].kind == YamlNode::Kind::kNull) return nullptr;
  if (documents.size() > 1) {
    faults.Add(documents[1].line, "starts another document, want one");
  }
  if (documents[0].kind == YamlNode::Kind::kMap) return &documents[0];
  faults.Add(documents[0].line, fmt::format("is {}, want a map", KindName(documents[0].kind)));
  return nullptr;
}

}  // namespace

absl::StatusOr<Settings> Load(const Input& input, const std::function<void(Reader&)>& read) {
  Faults faults(input.file);
  const std::vector<YamlNode> documents = ParseYaml(input.text, faults);
  // Without the file's keys, every required one would look missing.
  if (documents.empty() && !faults.empty()) return faults.ToStatus();
  Overrides overrides(input.environment, input.not_overrides);
  ReadState state{.faults = faults, .overrides = overrides};
  {
    Reader root(state, Root(documents, faults), "", /*probe=*/false);
    read(root);
  }
  overrides.AddFaults(faults);
  if (!faults.empty()) return faults.ToStatus();
  return std::move(state.settings);
}

std::string Describe(const Settings& settings) {
  std::string text;
  for (const Setting& each : settings) {
    fmt::format_to(std::back_inserter(text), "{} = {}  # {}\n", each.path, each.value, each.origin);
  }
  return text;
}

}  // namespace weir::config

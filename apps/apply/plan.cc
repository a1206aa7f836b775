#include "apps/apply/plan.h"

#include <google/protobuf/util/json_util.h>

#include <map>
#include <tuple>

#include "apps/apply/kind.h"
#include "apps/apply/spec_json.h"
#include "common/text/excerpt.h"

namespace weir::apply {
namespace {

namespace pb = google::protobuf;
using config::YamlNode;

std::string Where(const Document& document) {
  return fmt::format("{}:{}", document.file, document.line);
}

// The one entry of a reference; null where the map is no reference.
const config::YamlEntry* Reference(const YamlNode& map) {
  if (map.entries.size() != 1) return nullptr;
  const config::YamlEntry& entry = map.entries.front();
  const bool known = entry.key == "fromFile" || entry.key == "fromEnv";
  const bool scalar = entry.value.kind == YamlNode::Kind::kScalar;
  return known && scalar ? &entry : nullptr;
}

std::string ReadSecret(const YamlNode& map, const std::string& path, const Document& document,
                       const SecretSource& secrets, config::Faults& faults) {
  const config::YamlEntry* reference = Reference(map);
  if (reference == nullptr) {
    faults.Add(
        map.line,
        fmt::format("{} is another map, want {{fromFile: PATH}} or {{fromEnv: NAME}}", path));
    return "";
  }
  const std::string& target = reference->value.scalar;
  absl::StatusOr<std::string> secret = reference->key == "fromEnv"
                                           ? secrets.FromEnv(target)
                                           : secrets.FromFile(target, document.folder);
  if (secret.ok()) return *std::move(secret);
  faults.Add(reference->line,
             fmt::format("{}.{} {}", path, reference->key, status::Message(secret.status())));
  return "";
}

SpecRules RulesFor(const Kind& kind, const Document& document, const SecretSource& secrets,
                   config::Faults& faults) {
  SpecRules rules;
  rules.reserved = {{"name", "it beside kind, as the document's name"},
                    {"organization", "it beside kind, as the document's organization"},
                    {"validate_only", "a dry run"}};
  rules.secret_field = kind.secret_field;
  rules.secret = [&](const YamlNode& map, const std::string& path) {
    return ReadSecret(map, path, document, secrets, faults);
  };
  return rules;
}

void SetText(pb::Message& message, const char* field, const std::string& value) {
  message.GetReflection()->SetString(&message, message.GetDescriptor()->FindFieldByName(field),
                                     value);
}

void FillObject(const Document& document, const Kind& kind, const SecretSource& secrets,
                config::Faults& faults, pb::Message& object) {
  const SpecRules rules = RulesFor(kind, document, secrets, faults);
  const std::string json = SpecToJson(document.spec, *object.GetDescriptor(), rules, faults);
  if (!faults.empty()) return;
  // Not parsed.message(): it may quote the JSON, which may hold a secret.
  if (!pb::util::JsonStringToMessage(json, &object).ok()) {
    faults.Add(document.line, "spec cannot be read as proto JSON");
  }
}

// Adds a fault for what was declared before.
class Declared {
 public:
  void Check(const PlannedPut& put, const Document& document, config::Faults& faults) {
    const auto [before, fresh] =
        where_.emplace(std::tuple(put.kind, put.organization, put.name), put.where);
    if (fresh) return;
    faults.Add(document.line, fmt::format("{} '{}' is declared before, at {}", put.kind,
                                          text::Excerpt(put.name), before->second));
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::string> where_;
};

PlannedPut Put(const Document& document, const Kind& kind, std::string_view default_organization) {
  PlannedPut put{.kind = std::string(kind.name), .name = document.name, .where = Where(document)};
  put.method = kind.method;
  put.request.reset(kind.request->New());
  if (!kind.of_organization) return put;
  put.organization =
      document.organization.empty() ? std::string(default_organization) : document.organization;
  return put;
}

PlannedPut PlanOne(const Document& document, const Kind& kind, const SecretSource& secrets,
                   std::string_view default_organization, config::Faults& faults) {
  PlannedPut put = Put(document, kind, default_organization);
  pb::Message& object = *MutableObject(kind, *put.request);
  FillObject(document, kind, secrets, faults, object);
  SetText(object, "name", put.name);
  if (kind.of_organization) SetText(object, "organization", put.organization);
  return put;
}

}  // namespace

Plan MakePlan(const std::vector<Document>& documents, const SecretSource& secrets,
              std::string_view default_organization, FaultBook& book) {
  Plan plan;
  Declared declared;
  for (const Kind& kind : Kinds()) {
    for (const Document& document : documents) {
      if (document.kind != kind.name) continue;
      config::Faults& faults = book.Of(document.file);
      plan.push_back(PlanOne(document, kind, secrets, default_organization, faults));
      declared.Check(plan.back(), document, faults);
    }
  }
  return plan;
}

}  // namespace weir::apply

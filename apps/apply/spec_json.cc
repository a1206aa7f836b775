#include "apps/apply/spec_json.h"

#include <map>
#include <vector>

#include "apps/apply/scalar_json.h"
#include "common/config/suggest.h"
#include "common/text/excerpt.h"
#include "common/text/json_escape.h"

namespace weir::apply {
namespace {

namespace pb = google::protobuf;
using config::YamlEntry;
using config::YamlNode;

const pb::FieldDescriptor* FindField(const pb::Descriptor& message, const std::string& key) {
  const pb::FieldDescriptor* field = message.FindFieldByName(key);
  return field != nullptr ? field : message.FindFieldByCamelcaseName(key);
}

// Walks the nodes and the message's fields side by side.
class Writer {
 public:
  Writer(const SpecRules& rules, config::Faults& faults) : rules_(rules), faults_(faults) {}

  void Map(const YamlNode& map, const pb::Descriptor& message, const std::string& path, bool top);
  std::string Take() { return std::move(json_); }

 private:
  // What one map has set so far.
  struct Seen {
    std::map<const pb::FieldDescriptor*, std::string> fields;
    std::map<const pb::OneofDescriptor*, std::string> oneofs;
  };

  void Entry(const YamlEntry& entry, const pb::Descriptor& message, const std::string& path,
             bool top, Seen& seen);
  bool MayBeSet(const YamlEntry& entry, const pb::FieldDescriptor& field, const std::string& path,
                bool top, Seen& seen);
  void Unknown(const YamlEntry& entry, const pb::Descriptor& message, const std::string& path);
  void Value(const YamlNode& node, const pb::FieldDescriptor& field, const std::string& path);
  void One(const YamlNode& node, const pb::FieldDescriptor& field, const std::string& path);
  void List(const YamlNode& list, const pb::FieldDescriptor& field, const std::string& path);
  void Table(const YamlNode& map, const pb::FieldDescriptor& field, const std::string& path);
  void Secret(const YamlNode& node, const std::string& path);
  void Wrong(const YamlNode& node, const std::string& path, std::string_view want);
  void Comma() {
    if (json_.back() != '{' && json_.back() != '[') json_ += ',';
  }

  const SpecRules& rules_;
  config::Faults& faults_;
  std::string json_;
};

void Writer::Wrong(const YamlNode& node, const std::string& path, std::string_view want) {
  const std::string got = node.kind == YamlNode::Kind::kScalar
                              ? fmt::format("'{}'", text::Excerpt(node.scalar))
                              : std::string(config::KindName(node.kind));
  faults_.Add(node.line, fmt::format("{} is {}, want {}", path, got, want));
}

void Writer::Map(const YamlNode& map, const pb::Descriptor& message, const std::string& path,
                 bool top) {
  json_ += '{';
  Seen seen;
  for (const YamlEntry& each : map.entries) Entry(each, message, path, top, seen);
  json_ += '}';
}

void Writer::Entry(const YamlEntry& entry, const pb::Descriptor& message, const std::string& path,
                   bool top, Seen& seen) {
  const std::string here = fmt::format("{}.{}", path, text::Excerpt(entry.key));
  const pb::FieldDescriptor* field = FindField(message, entry.key);
  if (field == nullptr) return Unknown(entry, message, path);
  if (!MayBeSet(entry, *field, here, top, seen)) return;
  if (entry.value.kind == YamlNode::Kind::kNull) return;  // As if it were not there.
  Comma();
  text::AppendJsonString(json_, field->name());
  json_ += ':';
  if (top && field->name() == rules_.secret_field) return Secret(entry.value, here);
  Value(entry.value, *field, here);
}

bool Writer::MayBeSet(const YamlEntry& entry, const pb::FieldDescriptor& field,
                      const std::string& path, bool top, Seen& seen) {
  const auto reserved = top ? rules_.reserved.find(field.name()) : rules_.reserved.end();
  if (reserved != rules_.reserved.end()) {
    faults_.Add(entry.line, fmt::format("{} is set here, want {}", path, reserved->second));
    return false;
  }
  if (const auto [before, fresh] = seen.fields.emplace(&field, path); !fresh) {
    faults_.Add(entry.line, fmt::format("{} is the same as {}, want one", path, before->second));
    return false;
  }
  const pb::OneofDescriptor* oneof = field.real_containing_oneof();
  if (oneof == nullptr || entry.value.kind == YamlNode::Kind::kNull) return true;
  const auto [before, fresh] = seen.oneofs.emplace(oneof, path);
  if (!fresh)
    faults_.Add(entry.line, fmt::format("{} excludes {}, want one", path, before->second));
  return fresh;
}

void Writer::Unknown(const YamlEntry& entry, const pb::Descriptor& message,
                     const std::string& path) {
  std::vector<std::string_view> known;
  for (int i = 0; i < message.field_count(); ++i) {
    const bool reserved = path == "spec" && rules_.reserved.contains(message.field(i)->name());
    if (!reserved) known.push_back(message.field(i)->camelcase_name());
  }
  const std::string_view closest = config::Closest(entry.key, known);
  faults_.Add(entry.line,
              fmt::format("{}.{} is unknown, {}", path, text::Excerpt(entry.key),
                          closest.empty() ? fmt::format("want {}", fmt::join(known, ", "))
                                          : fmt::format("did you mean {}?", closest)));
}

void Writer::Value(const YamlNode& node, const pb::FieldDescriptor& field,
                   const std::string& path) {
  if (field.is_map()) return Table(node, field, path);
  if (field.is_repeated()) return List(node, field, path);
  One(node, field, path);
}

void Writer::One(const YamlNode& node, const pb::FieldDescriptor& field, const std::string& path) {
  if (!IsScalar(field)) {
    if (node.kind != YamlNode::Kind::kMap) return Wrong(node, path, "a map");
    return Map(node, *field.message_type(), path, /*top=*/false);
  }
  if (node.kind != YamlNode::Kind::kScalar) return Wrong(node, path, Wanted(field));
  const std::optional<std::string> scalar = ScalarToJson(field, node.scalar);
  if (!scalar) return Wrong(node, path, Wanted(field));
  json_ += *scalar;
}

void Writer::List(const YamlNode& list, const pb::FieldDescriptor& field, const std::string& path) {
  if (list.kind != YamlNode::Kind::kList) {
    return Wrong(list, path, fmt::format("a list of {}", IsScalar(field) ? Wanted(field) : "maps"));
  }
  json_ += '[';
  for (size_t i = 0; i < list.items.size(); ++i) {
    Comma();
    One(list.items[i], field, fmt::format("{}[{}]", path, i));
  }
  json_ += ']';
}

void Writer::Table(const YamlNode& map, const pb::FieldDescriptor& field, const std::string& path) {
  if (map.kind != YamlNode::Kind::kMap) return Wrong(map, path, "a map");
  json_ += '{';
  for (const YamlEntry& each : map.entries) {
    Comma();
    text::AppendJsonString(json_, each.key);
    json_ += ':';
    One(each.value, *field.message_type()->map_value(),
        fmt::format("{}.{}", path, text::Excerpt(each.key)));
  }
  json_ += '}';
}

void Writer::Secret(const YamlNode& node, const std::string& path) {
  std::string value;
  if (node.kind == YamlNode::Kind::kScalar) {
    value = node.scalar;
  } else if (node.kind == YamlNode::Kind::kMap) {
    value = rules_.secret(node, path);
  } else {
    Wrong(node, path, "text, {fromFile: PATH} or {fromEnv: NAME}");
  }
  text::AppendJsonString(json_, value);
}

}  // namespace

std::string SpecToJson(const YamlNode& spec, const pb::Descriptor& message, const SpecRules& rules,
                       config::Faults& faults) {
  Writer writer(rules, faults);
  writer.Map(spec, message, "spec", /*top=*/true);
  return writer.Take();
}

}  // namespace weir::apply

#include "services/guardrails/policy_table.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <set>
#include <string>

#include "common/crypto/hmac.h"
#include "services/guardrails/compiled_policy.h"

namespace weir::guardrails {
namespace {

bool GoesFor(const v1::Rule& rule, v1::Direction direction) {
  if (direction == v1::DIRECTION_RESPONSE && rule.action() == NameOf(Action::kTokenize)) {
    return false;
  }
  const auto& directions = rule.directions();
  return directions.empty() || std::ranges::find(directions, direction) != directions.end();
}

// Equal messages have equal bytes: there are no maps to come in another order.
std::string Bytes(const v1::GuardrailPolicy& policy) {
  std::string bytes;
  google::protobuf::io::StringOutputStream out(&bytes);
  google::protobuf::io::CodedOutputStream coded(&out);
  coded.SetSerializationDeterministic(true);
  policy.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

// Where all rules for requests together look; empty where one of them looks everywhere.
std::set<std::string> PathsOf(const std::vector<v1::Rule>& rules) {
  std::set<std::string> paths;
  for (const v1::Rule& each : rules) {
    if (!GoesFor(each, v1::DIRECTION_REQUEST)) continue;
    if (each.json_paths().empty()) return {};
    paths.insert(each.json_paths().begin(), each.json_paths().end());
  }
  return paths;
}

// Of what it does to a text, wherever it is asked: its rules with those of its preset, not whom it
// is for. A hash, so that replicas and restarts agree, and a policy that is put again as it was is
// no other one.
uint64_t VersionOf(const v1::GuardrailPolicy& policy, const std::vector<v1::Rule>& rules) {
  v1::GuardrailPolicy says;
  says.set_preset(policy.preset());
  says.set_shadow(policy.shadow());
  says.mutable_rules()->Assign(rules.begin(), rules.end());
  const crypto::Digest digest = crypto::Sha256(Bytes(says));
  uint64_t version = 0;
  for (size_t i = 0; i < sizeof(version); ++i) version = version << 8 | digest[i];
  return version;
}

v1::PolicyEntry EntryOf(const v1::GuardrailPolicy& policy) {
  v1::PolicyEntry entry;
  entry.set_organization(policy.organization());
  entry.set_name(policy.name());
  *entry.mutable_attachments() = policy.attachments();
  entry.set_fail_open(policy.fail_open());
  const absl::StatusOr<std::vector<v1::Rule>> rules = AllRulesOf(policy);
  // One that this program cannot read must not be passed by: whoever asks is told.
  entry.set_requests(!rules.ok());
  entry.set_responses(!rules.ok());
  entry.set_version(VersionOf(policy, rules.value_or(std::vector<v1::Rule>())));
  if (!rules.ok()) return entry;
  for (const v1::Rule& each : *rules) {
    if (GoesFor(each, v1::DIRECTION_REQUEST)) entry.set_requests(true);
    if (GoesFor(each, v1::DIRECTION_RESPONSE)) entry.set_responses(true);
  }
  for (const std::string& each : PathsOf(*rules)) entry.add_json_paths(each);
  return entry;
}

}  // namespace

v1::PolicyTable MakePolicyTable(const PolicyCatalog& catalog) {
  v1::PolicyTable table;
  table.set_version(static_cast<uint64_t>(catalog.sequence));
  for (const auto& [name, policy] : catalog.policies) *table.add_policies() = EntryOf(policy);
  return table;
}

}  // namespace weir::guardrails

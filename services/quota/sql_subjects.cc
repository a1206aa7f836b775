#include "services/quota/sql_subjects.h"

#include <array>

namespace weir::quota {
namespace {

constexpr size_t kGeneration = 8192;
// How often another process may be the first with a number.
constexpr int kTries = 10;

constexpr std::string_view kFindOrganization = "SELECT id FROM quota_organization WHERE name = $1";
constexpr std::string_view kAddOrganization =
    "INSERT INTO quota_organization (id, name) SELECT COALESCE(MAX(id), 0) + 1, $1"
    " FROM quota_organization WHERE TRUE ON CONFLICT DO NOTHING";
constexpr std::string_view kFindSubject =
    "SELECT id FROM quota_subject WHERE organization_id = $1 AND team = $2 AND user_name = $3"
    " AND key_name = $4 AND key_public_id = $5 AND proxy = $6 AND provider = $7 AND model = $8"
    " AND kind = $9";
constexpr std::string_view kAddSubject =
    "INSERT INTO quota_subject (id, organization_id, team, user_name, key_name, key_public_id,"
    " proxy, provider, model, kind) SELECT COALESCE(MAX(id), 0) + 1, CAST($1 AS BIGINT), $2, $3,"
    " $4, $5, $6, $7, $8, $9 FROM quota_subject WHERE TRUE ON CONFLICT DO NOTHING";

std::array<const std::string*, 9> NamesOf(const LedgerRow& row) {
  return {&row.organization, &row.team,     &row.user,  &row.key_name, &row.key_public_id,
          &row.proxy,        &row.provider, &row.model, &row.kind};
}

// Each with its length, so that no two rows share a text.
void Join(const LedgerRow& row, std::string& names) {
  names.clear();
  for (const std::string* each : NamesOf(row)) {
    const auto size = static_cast<uint32_t>(each->size());
    names.append(reinterpret_cast<const char*>(&size), sizeof(size));
    names.append(*each);
  }
}

absl::StatusOr<int64_t> FindOrAdd(sql::Connection& connection, std::string_view find,
                                  std::string_view add, std::span<const sql::Value> params) {
  for (int i = 0; i < kTries; ++i) {
    WEIR_ASSIGN_OR_RETURN(const std::vector<sql::Row> rows, connection.Query(find, params));
    if (!rows.empty()) return rows.front().Int(0);
    WEIR_RETURN_IF_ERROR(connection.Execute(add, params).status());
  }
  return status::Unavailable("numbering a subject of the ledger: others took {} numbers", kTries);
}

absl::StatusOr<SubjectIds> Ask(sql::Connection& connection, const LedgerRow& row) {
  SubjectIds ids;
  const sql::Value organization[] = {row.organization};
  WEIR_ASSIGN_OR_RETURN(ids.organization,
                        FindOrAdd(connection, kFindOrganization, kAddOrganization, organization));
  std::vector<sql::Value> subject;
  for (const std::string* each : NamesOf(row)) subject.emplace_back(*each);
  subject[0] = ids.organization;
  WEIR_ASSIGN_OR_RETURN(ids.subject, FindOrAdd(connection, kFindSubject, kAddSubject, subject));
  return ids;
}

}  // namespace

absl::StatusOr<SubjectIds> SqlSubjects::IdsOf(sql::Connection& connection, const LedgerRow& row) {
  Join(row, names_);
  if (const std::optional<SubjectIds> known = Find(names_)) return *known;
  WEIR_ASSIGN_OR_RETURN(const SubjectIds ids, Ask(connection, row));
  made_.emplace(names_, ids);
  return ids;
}

std::optional<SubjectIds> SqlSubjects::Find(const std::string& names) {
  if (const auto found = used_.find(names); found != used_.end()) return found->second;
  if (const auto found = made_.find(names); found != made_.end()) return found->second;
  const auto found = used_before_.find(names);
  if (found == used_before_.end()) return std::nullopt;
  const SubjectIds ids = found->second;
  Remember(names, ids);
  return ids;
}

void SqlSubjects::Remember(std::string names, SubjectIds ids) {
  if (used_.size() >= kGeneration) {
    used_before_ = std::move(used_);
    used_.clear();
  }
  used_.insert_or_assign(std::move(names), ids);
}

void SqlSubjects::Committed() {
  for (const auto& [names, ids] : made_) Remember(names, ids);
  made_.clear();
}

}  // namespace weir::quota

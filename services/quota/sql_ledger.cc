#include "services/quota/sql_ledger.h"

#include <algorithm>
#include <cstring>

namespace weir::quota {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO quota_ledger (request_id, attempt, seq, organization_id, subject_id,"
    " input_uncached_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,"
    " output_visible_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens,"
    " image_units, inconsistent, total_tokens, requests, estimated, outcome, dispatched_at_us,"
    " settled_at_us, cost_usd_nanos) VALUES ";
constexpr std::string_view kWhereNew = " ON CONFLICT (request_id, attempt, seq) DO NOTHING";
constexpr size_t kColumns = 22;
// Rows in one statement: what a statement costs by itself is half of a row.
constexpr size_t kManyRows = 16;
// Rows that a server is sent at once: a quarter of a large batch, in 140 KB of values.
constexpr size_t kRowsAtOnce = 256;

constexpr std::string_view kFind =
    "SELECT request_id, attempt, seq, name, team, user_name, key_name, key_public_id, proxy,"
    " provider, model, kind, input_uncached_tokens, cache_read_tokens, cache_write_5m_tokens,"
    " cache_write_1h_tokens, output_visible_tokens, reasoning_tokens, audio_input_tokens,"
    " audio_output_tokens, image_units, inconsistent, total_tokens, requests, estimated, outcome,"
    " dispatched_at_us, settled_at_us, cost_usd_nanos FROM quota_ledger"
    " JOIN quota_subject ON quota_subject.id = subject_id"
    " JOIN quota_organization ON quota_organization.id = quota_ledger.organization_id"
    " WHERE request_id = $1 AND attempt = $2 ORDER BY seq DESC LIMIT 1";

// One statement for every combination: a group that is not asked for is one empty value, a filter
// that is not set lets all pass. Summed by number first, so that names are read once a subject.
constexpr std::string_view kUsage =
    "SELECT CASE WHEN CAST($4 AS BIGINT) = 1 THEN team ELSE '' END,"
    " CASE WHEN CAST($5 AS BIGINT) = 1 THEN user_name ELSE '' END,"
    " CASE WHEN CAST($6 AS BIGINT) = 1 THEN key_name ELSE '' END,"
    " CASE WHEN CAST($7 AS BIGINT) = 1 THEN proxy ELSE '' END,"
    " CASE WHEN CAST($8 AS BIGINT) = 1 THEN provider ELSE '' END,"
    " CASE WHEN CAST($9 AS BIGINT) = 1 THEN model ELSE '' END,"
    " CAST(SUM(requests) AS BIGINT), CAST(SUM(attempts) AS BIGINT),"
    " CAST(SUM(estimated) AS BIGINT), CAST(SUM(total_tokens) AS BIGINT) AS total,"
    " CAST(SUM(input_uncached) AS BIGINT), CAST(SUM(cache_read) AS BIGINT),"
    " CAST(SUM(cache_write_5m) AS BIGINT), CAST(SUM(cache_write_1h) AS BIGINT),"
    " CAST(SUM(output_visible) AS BIGINT), CAST(SUM(reasoning) AS BIGINT),"
    " CAST(SUM(audio_input) AS BIGINT), CAST(SUM(audio_output) AS BIGINT),"
    " CAST(SUM(images) AS BIGINT), MAX(inconsistent) FROM (SELECT subject_id,"
    " SUM(requests) AS requests, COUNT(*) AS attempts, SUM(estimated) AS estimated,"
    " SUM(total_tokens) AS total_tokens, SUM(input_uncached_tokens) AS input_uncached,"
    " SUM(cache_read_tokens) AS cache_read, SUM(cache_write_5m_tokens) AS cache_write_5m,"
    " SUM(cache_write_1h_tokens) AS cache_write_1h, SUM(output_visible_tokens) AS output_visible,"
    " SUM(reasoning_tokens) AS reasoning, SUM(audio_input_tokens) AS audio_input,"
    " SUM(audio_output_tokens) AS audio_output, SUM(image_units) AS images,"
    " MAX(inconsistent) AS inconsistent FROM quota_ledger AS row_"
    " WHERE organization_id = (SELECT id FROM quota_organization WHERE name = $1)"
    " AND settled_at_us >= $2 AND settled_at_us < $3"
    " AND subject_id IN (SELECT id FROM quota_subject WHERE organization_id = ("
    "SELECT id FROM quota_organization WHERE name = $1)"
    " AND (CAST($10 AS BIGINT) = 0 OR team = $11)"
    " AND (CAST($12 AS BIGINT) = 0 OR user_name = $13)"
    " AND (CAST($14 AS BIGINT) = 0 OR key_name = $15)"
    " AND (CAST($16 AS BIGINT) = 0 OR proxy = $17)"
    " AND (CAST($18 AS BIGINT) = 0 OR provider = $19)"
    " AND (CAST($20 AS BIGINT) = 0 OR model = $21))"
    " AND NOT EXISTS (SELECT 1 FROM quota_ledger AS later WHERE later.request_id = row_.request_id"
    " AND later.attempt = row_.attempt AND later.seq > row_.seq) GROUP BY subject_id) AS spent"
    " JOIN quota_subject ON quota_subject.id = subject_id"
    " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY total DESC, 1, 2, 3, 4, 5, 6 LIMIT $22";

// $3 is a Level.
constexpr std::string_view kSumSubjects =
    "SELECT subject, CAST(SUM(requests) AS BIGINT), CAST(SUM(total_tokens) AS BIGINT),"
    " MIN(first_us) FROM (SELECT CASE CAST($3 AS BIGINT) WHEN 2 THEN team WHEN 3 THEN user_name"
    " WHEN 4 THEN key_name WHEN 5 THEN provider WHEN 6 THEN model WHEN 7 THEN proxy ELSE '' END"
    " AS subject, requests, total_tokens, first_us FROM (SELECT subject_id,"
    " SUM(requests) AS requests, SUM(total_tokens) AS total_tokens,"
    " MIN(settled_at_us) AS first_us FROM quota_ledger AS row_"
    " WHERE organization_id = (SELECT id FROM quota_organization WHERE name = $1)"
    " AND settled_at_us >= $2 AND settled_at_us < $4"
    " AND NOT EXISTS (SELECT 1 FROM quota_ledger AS later WHERE later.request_id = row_.request_id"
    " AND later.attempt = row_.attempt AND later.seq > row_.seq) GROUP BY subject_id) AS spent"
    " JOIN quota_subject ON quota_subject.id = subject_id) AS named"
    " WHERE CAST($3 AS BIGINT) = 1 OR subject <> '' GROUP BY subject ORDER BY subject";

// "INSERT ... VALUES ($1, ..., $22), ($23, ...) ..." for so many rows.
std::string InsertOf(size_t rows) {
  std::string statement(kInsert);
  for (size_t i = 1; i <= rows * kColumns; ++i) {
    statement += fmt::format("{}${}", i % kColumns == 1 ? "(" : "", i);
    statement += i == rows * kColumns ? ")" : i % kColumns == 0 ? "), " : ", ";
  }
  return statement.append(kWhereNew);
}

// Borrows the id.
void AddValues(const LedgerRow& row, SubjectIds ids, std::vector<sql::ValueView>& values) {
  values.emplace_back(
      sql::BlobView{std::string_view(row.id.request.data(), row.id.request.size())});
  values.emplace_back(int64_t{row.id.attempt});
  values.emplace_back(int64_t{row.seq});
  values.emplace_back(ids.organization);
  values.emplace_back(ids.subject);
  for (int64_t each : row.usage.parts) values.emplace_back(each);
  values.emplace_back(int64_t{row.usage.inconsistent});
  values.emplace_back(row.usage.total_tokens());
  values.emplace_back(row.requests);
  values.emplace_back(int64_t{row.estimated});
  values.emplace_back(int64_t{row.outcome});
  values.emplace_back(row.dispatched_at_us);
  values.emplace_back(row.settled_at_us);
  if (row.cost_usd_nanos) {
    values.emplace_back(*row.cost_usd_nanos);
  } else {
    values.emplace_back(std::monostate());
  }
}

// Number of rows that were not there yet.
absl::StatusOr<int64_t> Insert(sql::Connection& connection, std::span<const LedgerRow> rows,
                               SqlSubjects& subjects) {
  static const std::string kOne = InsertOf(1);
  static const std::string kMany = InsertOf(kManyRows);
  std::vector<sql::ValueView> values;
  values.reserve(rows.size() * kColumns);
  for (const LedgerRow& each : rows) {
    WEIR_ASSIGN_OR_RETURN(const SubjectIds ids, subjects.IdsOf(connection, each));
    AddValues(each, ids, values);
  }
  const std::span<const sql::ValueView> all(values);
  const size_t in_groups = rows.size() / kManyRows * kManyRows * kColumns;
  WEIR_ASSIGN_OR_RETURN(const int64_t many,
                        connection.ExecuteEach(kMany, kManyRows * kColumns, all.first(in_groups)));
  WEIR_ASSIGN_OR_RETURN(const int64_t others,
                        connection.ExecuteEach(kOne, kColumns, all.subspan(in_groups)));
  return many + others;
}

// As many at once as it can. False: some were there already; which ones it cannot tell.
absl::StatusOr<bool> InsertAllNew(sql::Connection& connection, std::span<const LedgerRow> rows,
                                  SqlSubjects& subjects) {
  while (!rows.empty()) {
    const size_t some = std::min(rows.size(), kRowsAtOnce);
    WEIR_ASSIGN_OR_RETURN(const int64_t added, Insert(connection, rows.first(some), subjects));
    if (added != static_cast<int64_t>(some)) return false;
    rows = rows.subspan(some);
  }
  return true;
}

// One by one. For each: it was there already.
absl::StatusOr<std::vector<bool>> InsertEach(sql::Connection& connection,
                                             std::span<const LedgerRow> rows,
                                             SqlSubjects& subjects) {
  std::vector<bool> duplicates;
  for (size_t i = 0; i < rows.size(); ++i) {
    WEIR_ASSIGN_OR_RETURN(const int64_t added, Insert(connection, rows.subspan(i, 1), subjects));
    duplicates.push_back(added == 0);
  }
  return duplicates;
}

absl::StatusOr<AttemptId> ToId(const sql::Row& row) {
  AttemptId id;
  const std::string& bytes = row.Bytes(0);
  if (bytes.size() != id.request.size()) {
    return status::DataLoss("a row of the ledger has a request id of {} bytes, want {}",
                            bytes.size(), id.request.size());
  }
  std::memcpy(id.request.data(), bytes.data(), bytes.size());
  id.attempt = static_cast<uint32_t>(row.Int(1));
  return id;
}

UsageParts ToParts(const sql::Row& row, size_t first) {
  UsageParts usage;
  for (size_t i = 0; i < usage.parts.size(); ++i) usage.parts[i] = row.Int(first + i);
  usage.inconsistent = row.Int(first + usage.parts.size()) != 0;
  return usage;
}

absl::StatusOr<LedgerRow> ToRow(const sql::Row& row) {
  LedgerRow read;
  WEIR_ASSIGN_OR_RETURN(read.id, ToId(row));
  read.seq = static_cast<uint32_t>(row.Int(2));
  size_t column = 3;
  for (std::string* each :
       {&read.organization, &read.team, &read.user, &read.key_name, &read.key_public_id,
        &read.proxy, &read.provider, &read.model, &read.kind}) {
    *each = row.Text(column++);
  }
  read.usage = ToParts(row, column);
  read.requests = row.Int(23);
  read.estimated = row.Int(24) != 0;
  read.outcome = static_cast<int32_t>(row.Int(25));
  read.dispatched_at_us = row.Int(26);
  read.settled_at_us = row.Int(27);
  if (!row.IsNull(28)) read.cost_usd_nanos = row.Int(28);
  return read;
}

std::vector<sql::Value> ToValues(const UsageQuery& query) {
  std::vector<sql::Value> values = {query.organization, query.from_us, query.to_us};
  for (bool each : query.group_by) values.emplace_back(int64_t{each});
  for (const std::optional<std::string>& each : query.filter) {
    values.emplace_back(int64_t{each.has_value()});
    values.emplace_back(each.value_or(""));
  }
  values.emplace_back(query.max_rows);
  return values;
}

UsageSum ToUsageSum(const sql::Row& row) {
  UsageSum sum;
  for (size_t i = 0; i < kUsageFields; ++i) sum.group[i] = row.Text(i);
  sum.requests = row.Int(6);
  sum.attempts = row.Int(7);
  sum.estimated_attempts = row.Int(8);
  sum.total_tokens = row.Int(9);
  sum.usage = ToParts(row, 10);
  return sum;
}

}  // namespace

absl::StatusOr<std::vector<sql::Row>> SqlLedger::Read(std::string_view statement,
                                                      std::span<const sql::Value> params) {
  std::vector<sql::Row> rows;
  WEIR_RETURN_IF_ERROR(database_.Read([&](sql::Connection& connection) -> absl::Status {
    WEIR_ASSIGN_OR_RETURN(rows, connection.Query(statement, params));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<std::vector<bool>> SqlLedger::Append(std::span<const LedgerRow> rows) {
  MutexLock lock(appending_);
  std::vector<bool> duplicates(rows.size());
  bool all_new = true;
  absl::Status written =
      Write([&, subjects = &subjects_](sql::Connection& connection) -> absl::Status {
        WEIR_ASSIGN_OR_RETURN(all_new, InsertAllNew(connection, rows, *subjects));
        return all_new ? absl::OkStatus() : status::Aborted("some are duplicates");
      });
  // Settlements that are sent again: rare, so nothing else pays for telling them apart.
  if (!all_new) {
    written = Write([&, subjects = &subjects_](sql::Connection& connection) -> absl::Status {
      WEIR_ASSIGN_OR_RETURN(duplicates, InsertEach(connection, rows, *subjects));
      return absl::OkStatus();
    });
  }
  WEIR_RETURN_IF_ERROR(status::While(written, "adding {} rows to the ledger", rows.size()));
  return duplicates;
}

absl::Status SqlLedger::Write(const sql::Database::Work& work) {
  // Beside others: rows are added, never read first, and names that two add meet in FindOrAdd.
  const absl::Status written =
      database_.WriteBeside([&work, subjects = &subjects_](sql::Connection& connection) {
        subjects->RolledBack();  // It may be run again.
        return work(connection);
      });
  written.ok() ? subjects_.Committed() : subjects_.RolledBack();
  return written;
}

absl::StatusOr<std::optional<LedgerRow>> SqlLedger::Find(const AttemptId& id) {
  const sql::Value params[] = {sql::Blob{id.RequestBytes()}, int64_t{id.attempt}};
  absl::StatusOr<std::vector<sql::Row>> rows = Read(kFind, params);
  if (!rows.ok()) return status::While(rows.status(), "looking for {}", AttemptText(id));
  if (rows->empty()) return std::nullopt;
  WEIR_ASSIGN_OR_RETURN(LedgerRow row, ToRow(rows->front()));
  return row;
}

absl::StatusOr<std::vector<UsageSum>> SqlLedger::QueryUsage(const UsageQuery& query) {
  absl::StatusOr<std::vector<sql::Row>> rows = Read(kUsage, ToValues(query));
  if (!rows.ok()) {
    return status::While(rows.status(), "summing the usage of {}", query.organization);
  }
  std::vector<UsageSum> sums;
  for (const sql::Row& each : *rows) sums.push_back(ToUsageSum(each));
  // Without groups, SQL has a row of nothing where there is nothing.
  if (sums.size() == 1 && sums[0].attempts == 0) sums.clear();
  return sums;
}

absl::StatusOr<std::vector<SubjectSum>> SqlLedger::SumSubjects(const SumQuery& query) {
  const sql::Value params[] = {query.organization, query.since_us, int64_t{query.level},
                               query.until_us};
  absl::StatusOr<std::vector<sql::Row>> rows = Read(kSumSubjects, params);
  if (!rows.ok()) {
    return status::While(rows.status(), "summing what {} spent", query.organization);
  }
  std::vector<SubjectSum> sums;
  for (const sql::Row& each : *rows) {
    sums.push_back({.subject = each.Text(0),
                    .requests = each.Int(1),
                    .total_tokens = each.Int(2),
                    .first_settled_at_us = each.Int(3)});
  }
  return sums;
}

}  // namespace weir::quota

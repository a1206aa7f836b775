#include "services/quota/sql_ledger.h"

#include <cstring>

namespace weir::quota {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO quota_ledger (request_id, attempt, seq, organization, team, user_name, key_name,"
    " key_public_id, proxy, provider, model, kind, input_uncached_tokens, cache_read_tokens,"
    " cache_write_5m_tokens, cache_write_1h_tokens, output_visible_tokens, reasoning_tokens,"
    " audio_input_tokens, audio_output_tokens, image_units, inconsistent, total_tokens, requests,"
    " estimated, outcome, dispatched_at_us, settled_at_us, cost_usd_nanos)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)"
    " ON CONFLICT (request_id, attempt, seq) DO NOTHING";

constexpr std::string_view kFind =
    "SELECT request_id, attempt, seq, organization, team, user_name, key_name, key_public_id,"
    " proxy, provider, model, kind, input_uncached_tokens, cache_read_tokens,"
    " cache_write_5m_tokens, cache_write_1h_tokens, output_visible_tokens, reasoning_tokens,"
    " audio_input_tokens, audio_output_tokens, image_units, inconsistent, total_tokens, requests,"
    " estimated, outcome, dispatched_at_us, settled_at_us, cost_usd_nanos"
    " FROM quota_ledger WHERE request_id = $1 AND attempt = $2 ORDER BY seq DESC LIMIT 1";

// One statement for every combination: a group that is not asked for is one empty value, a filter
// that is not set lets all pass.
constexpr std::string_view kUsage =
    "SELECT CASE WHEN CAST($4 AS BIGINT) = 1 THEN team ELSE '' END,"
    " CASE WHEN CAST($5 AS BIGINT) = 1 THEN user_name ELSE '' END,"
    " CASE WHEN CAST($6 AS BIGINT) = 1 THEN key_name ELSE '' END,"
    " CASE WHEN CAST($7 AS BIGINT) = 1 THEN proxy ELSE '' END,"
    " CASE WHEN CAST($8 AS BIGINT) = 1 THEN provider ELSE '' END,"
    " CASE WHEN CAST($9 AS BIGINT) = 1 THEN model ELSE '' END,"
    " CAST(SUM(requests) AS BIGINT), COUNT(*), CAST(SUM(estimated) AS BIGINT),"
    " CAST(SUM(total_tokens) AS BIGINT) AS total, CAST(SUM(input_uncached_tokens) AS BIGINT),"
    " CAST(SUM(cache_read_tokens) AS BIGINT), CAST(SUM(cache_write_5m_tokens) AS BIGINT),"
    " CAST(SUM(cache_write_1h_tokens) AS BIGINT), CAST(SUM(output_visible_tokens) AS BIGINT),"
    " CAST(SUM(reasoning_tokens) AS BIGINT), CAST(SUM(audio_input_tokens) AS BIGINT),"
    " CAST(SUM(audio_output_tokens) AS BIGINT), CAST(SUM(image_units) AS BIGINT),"
    " MAX(inconsistent)"
    " FROM quota_ledger AS row_"
    " WHERE organization = $1 AND settled_at_us >= $2 AND settled_at_us < $3"
    " AND (CAST($10 AS BIGINT) = 0 OR team = $11)"
    " AND (CAST($12 AS BIGINT) = 0 OR user_name = $13)"
    " AND (CAST($14 AS BIGINT) = 0 OR key_name = $15)"
    " AND (CAST($16 AS BIGINT) = 0 OR proxy = $17)"
    " AND (CAST($18 AS BIGINT) = 0 OR provider = $19)"
    " AND (CAST($20 AS BIGINT) = 0 OR model = $21)"
    " AND NOT EXISTS (SELECT 1 FROM quota_ledger AS later WHERE later.request_id = row_.request_id"
    " AND later.attempt = row_.attempt AND later.seq > row_.seq)"
    " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY total DESC, 1, 2, 3, 4, 5, 6 LIMIT $22";

// $3 is a Level.
constexpr std::string_view kSumSince =
    "SELECT subject, CAST(SUM(requests) AS BIGINT), CAST(SUM(total_tokens) AS BIGINT),"
    " MIN(settled_at_us) FROM (SELECT CASE CAST($3 AS BIGINT) WHEN 2 THEN team WHEN 3 THEN "
    "user_name"
    " WHEN 4 THEN key_name WHEN 5 THEN provider WHEN 6 THEN model WHEN 7 THEN proxy ELSE '' END"
    " AS subject, requests, total_tokens, settled_at_us FROM quota_ledger AS row_"
    " WHERE organization = $1 AND settled_at_us >= $2"
    " AND NOT EXISTS (SELECT 1 FROM quota_ledger AS later WHERE later.request_id = row_.request_id"
    " AND later.attempt = row_.attempt AND later.seq > row_.seq)) AS counted"
    " WHERE CAST($3 AS BIGINT) = 1 OR subject <> '' GROUP BY subject ORDER BY subject";

std::vector<sql::Value> ToValues(const LedgerRow& row) {
  std::vector<sql::Value> values;
  values.reserve(29);
  values.emplace_back(sql::Blob{row.id.RequestBytes()});
  values.emplace_back(int64_t{row.id.attempt});
  values.emplace_back(int64_t{row.seq});
  for (const std::string* each :
       {&row.organization, &row.team, &row.user, &row.key_name, &row.key_public_id, &row.proxy,
        &row.provider, &row.model, &row.kind}) {
    values.emplace_back(*each);
  }
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
  return values;
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
  std::vector<bool> duplicates;
  const absl::Status written = database_.Write([&](sql::Connection& connection) -> absl::Status {
    duplicates.clear();
    for (const LedgerRow& each : rows) {
      WEIR_ASSIGN_OR_RETURN(const int64_t added, connection.Execute(kInsert, ToValues(each)));
      duplicates.push_back(added == 0);
    }
    return absl::OkStatus();
  });
  WEIR_RETURN_IF_ERROR(status::While(written, "adding {} rows to the ledger", rows.size()));
  return duplicates;
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

absl::StatusOr<std::vector<SubjectSum>> SqlLedger::SumSince(const SumQuery& query) {
  const sql::Value params[] = {query.organization, query.since_us, int64_t{query.level}};
  absl::StatusOr<std::vector<sql::Row>> rows = Read(kSumSince, params);
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

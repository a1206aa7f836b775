#include "common/sql/postgres_failure.h"

#include "common/text/excerpt.h"

namespace weir::sql {
namespace {

using absl::StatusCode;

constexpr size_t kMessageExcerpt = 200;

std::string_view FieldOf(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : text;
}

bool IsData(std::string_view state) { return state.starts_with("22"); }

// Of the table and the constraint; the server's own detail shows values.
std::string ConstraintOf(const PGresult* result) {
  return fmt::format("{}: constraint {}", text::Excerpt(FieldOf(result, PG_DIAG_TABLE_NAME)),
                     text::Excerpt(FieldOf(result, PG_DIAG_CONSTRAINT_NAME)));
}

std::string MessageOf(const PGresult* result, std::string_view state, bool read_only) {
  if (read_only && state == "25006") return "it writes, want a statement that only reads";
  if (state.starts_with("23")) return ConstraintOf(result);
  // "invalid input syntax for type bigint: ..." goes on with the value.
  if (IsData(state)) return fmt::format("a value does not fit (SQLSTATE {})", state);
  if (PQresultStatus(result) == PGRES_EMPTY_QUERY) return "want one statement";
  std::string_view message = FieldOf(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = PQresultErrorMessage(result);
  while (message.ends_with('\n')) message.remove_suffix(1);
  if (message.empty()) message = PQresStatus(PQresultStatus(result));
  return fmt::format("{}{}", text::Excerpt(message, kMessageExcerpt),
                     state.empty() ? "" : fmt::format(" (SQLSTATE {})", state));
}

}  // namespace

StatusCode CodeOfSqlState(std::string_view state, bool read_only) {
  if (state == "23505") return StatusCode::kAlreadyExists;
  if (state == "08P01") return StatusCode::kInternal;  // Another number of values than it has.
  if (state == "25006") return read_only ? StatusCode::kInternal : StatusCode::kUnavailable;
  if (state == "55P03" || state == "25P03") return StatusCode::kUnavailable;
  if (state == "XX001" || state == "XX002") return StatusCode::kDataLoss;
  const std::string_view kind = state.substr(0, 2);
  if (kind == "23") return StatusCode::kFailedPrecondition;
  for (std::string_view each : {"08", "40", "53", "57", "58"}) {
    if (kind == each) return StatusCode::kUnavailable;
  }
  return StatusCode::kInternal;
}

PostgresFault FaultOf(const PGresult* result, bool read_only) {
  const std::string_view state = FieldOf(result, PG_DIAG_SQLSTATE);
  const std::string_view severity = FieldOf(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  PostgresFault fault{.code = CodeOfSqlState(state, read_only),
                      .message = MessageOf(result, state, read_only)};
  fault.may_run_again = state == "40001" || state == "40P01";
  fault.ends_session = severity == "FATAL" || severity == "PANIC" ||
                       // Another server than before: this one may not write.
                       (state == "25006" && !read_only) ||
                       // What was prepared is not any more, or is about tables of before.
                       state == "26000" || state == "0A000";
  // No state: it was libpq that could not go on.
  if (state.empty() && PQresultStatus(result) == PGRES_FATAL_ERROR) {
    fault.code = StatusCode::kUnavailable;
  }
  return fault;
}

}  // namespace weir::sql

#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::sql {

// What a failed result means for who asked.
struct PostgresFault {
  absl::StatusCode code = absl::StatusCode::kInternal;
  // Without values: they may be what nobody should read.
  std::string message;
  // Another transaction was in the way: the same work may go through next time.
  bool may_run_again = false;
  // The server's session is gone, or is not what it should be.
  bool ends_session = false;
};

// By the SQLSTATE (five characters; empty: libpq itself failed). Within a transaction that only
// reads, a write is the caller's mistake; else the server may not write any more.
absl::StatusCode CodeOfSqlState(std::string_view state, bool read_only);

PostgresFault FaultOf(const PGresult* result, bool read_only);

}  // namespace weir::sql

#pragma once

#include <span>

#include "common/sql/database.h"

namespace weir::quota {

// The tables of SqlLedger and SqlLimitStore, for SQLite and PostgreSQL. A step that was released is
// never edited; a change is a new step.
std::span<const sql::Migration> QuotaMigrations();

}  // namespace weir::quota

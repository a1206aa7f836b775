#pragma once

#include <span>

#include "common/sql/database.h"

namespace weir::identity {

// The tables of SqlDirectory, for SQLite and PostgreSQL. A step that was released is never edited;
// a change is a new step.
std::span<const sql::Migration> IdentityMigrations();

}  // namespace weir::identity

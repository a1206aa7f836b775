#pragma once

#include <string>
#include <string_view>

namespace weir::sql {

// A statement of a schema as PostgreSQL takes it: every TEXT of a CREATE TABLE or an ALTER TABLE
// becomes TEXT COLLATE "C". So text is ordered by its bytes, as in SQLite, whatever the database
// was made with, and no index breaks when the system's library changes its order of words. Any
// other statement comes back as it is.
std::string WithByteOrder(std::string_view statement);

}  // namespace weir::sql

#pragma once

#include <array>

#include "common/sql/database.h"

namespace weir::cache {

// Steps of the component "cache". A released step is never edited: the next change is a step of its
// own.
inline constexpr std::array<sql::Migration, 1> kCacheSchema = {{
    {.version = 1, .statements = R"sql(
      CREATE TABLE cache_policy (
        organization TEXT NOT NULL,
        name TEXT NOT NULL,
        document BYTEA NOT NULL,   -- admin message, wire format
        epoch BIGINT NOT NULL,     -- sequence from which on answers count
        PRIMARY KEY (organization, name)
      );
      CREATE TABLE cache_change (
        sequence BIGINT PRIMARY KEY,
        organization TEXT NOT NULL,
        name TEXT NOT NULL,        -- of the first policy that changed
        removed BIGINT NOT NULL,
        actor TEXT NOT NULL,
        at_us BIGINT NOT NULL      -- since the Unix epoch
      );
      CREATE TABLE cache_answer (  -- of one process: files alone have rows here
        id TEXT PRIMARY KEY,
        organization TEXT NOT NULL,
        version BIGINT NOT NULL,
        expires_us BIGINT NOT NULL,
        sealed BYTEA NOT NULL      -- StoredAnswer
      );
      CREATE INDEX cache_answer_expiry ON cache_answer (expires_us);
    )sql"},
}};

}  // namespace weir::cache

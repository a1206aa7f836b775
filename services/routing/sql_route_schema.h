#pragma once

#include <array>

#include "common/sql/database.h"

namespace weir::routing {

// Steps of the component "routing". A released step is never edited: the next change is a step of
// its own.
inline constexpr std::array<sql::Migration, 1> kRouteSchema = {{
    {.version = 1, .statements = R"sql(
      CREATE TABLE routing_object (
        kind BIGINT NOT NULL,              -- 1 provider, 2 model, 3 proxy
        organization TEXT NOT NULL,
        name TEXT NOT NULL,
        document BYTEA NOT NULL,           -- admin message, wire format, without the credential
        sealed_credential BYTEA NOT NULL,  -- empty: none
        PRIMARY KEY (kind, organization, name)
      );
      CREATE TABLE routing_change (
        sequence BIGINT PRIMARY KEY,
        kind BIGINT NOT NULL,
        organization TEXT NOT NULL,
        name TEXT NOT NULL,
        removed BIGINT NOT NULL,
        actor TEXT NOT NULL,
        at_us BIGINT NOT NULL              -- since the Unix epoch
      );
    )sql"},
}};

}  // namespace weir::routing

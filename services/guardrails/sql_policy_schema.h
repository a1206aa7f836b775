#pragma once

#include <array>

#include "common/sql/database.h"

namespace weir::guardrails {

// Steps of the component "guardrails". A released step is never edited: the next change is a step
// of its own.
inline constexpr std::array<sql::Migration, 1> kPolicySchema = {{
    {.version = 1, .statements = R"sql(
      CREATE TABLE guardrail_policy (
        organization TEXT NOT NULL,
        name TEXT NOT NULL,
        document BYTEA NOT NULL,  -- admin message, wire format
        PRIMARY KEY (organization, name)
      );
      CREATE TABLE guardrail_change (
        sequence BIGINT PRIMARY KEY,
        organization TEXT NOT NULL,
        name TEXT NOT NULL,
        removed BIGINT NOT NULL,
        actor TEXT NOT NULL,
        at_us BIGINT NOT NULL     -- since the Unix epoch
      );
    )sql"},
}};

}  // namespace weir::guardrails

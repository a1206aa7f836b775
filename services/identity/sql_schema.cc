#include "services/identity/sql_schema.h"

namespace weir::identity {
namespace {

// `body` is the admin message in wire format; the columns beside it are what is searched by. Times
// are microseconds since 1970, UTC.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE identity_organization (
  name TEXT NOT NULL PRIMARY KEY,
  keys BIGINT NOT NULL,        -- its keys that are not revoked
  body BYTEA NOT NULL
);

CREATE TABLE identity_team (
  organization TEXT NOT NULL REFERENCES identity_organization (name),
  name TEXT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization, name)
);

CREATE TABLE identity_user (
  organization TEXT NOT NULL REFERENCES identity_organization (name),
  name TEXT NOT NULL,
  team TEXT NOT NULL,          -- empty: none
  body BYTEA NOT NULL,
  PRIMARY KEY (organization, name)
);
CREATE INDEX identity_user_team ON identity_user (organization, team);

CREATE TABLE identity_key (
  public_id TEXT NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES identity_organization (name),
  name TEXT NOT NULL,
  team TEXT NOT NULL,          -- empty: none
  user_name TEXT NOT NULL,     -- empty: none
  digest BYTEA NOT NULL,       -- HMAC(pepper, SHA-256(key))
  position BIGINT NOT NULL,    -- order of making
  revoked BIGINT NOT NULL,     -- 0 or 1
  expires_at BIGINT,           -- null: never
  body BYTEA NOT NULL
);
CREATE UNIQUE INDEX identity_key_name ON identity_key (organization, name) WHERE revoked = 0;
CREATE INDEX identity_key_any_name ON identity_key (organization, name);
CREATE UNIQUE INDEX identity_key_digest ON identity_key (digest) WHERE revoked = 0;
CREATE INDEX identity_key_any_digest ON identity_key (digest);
CREATE INDEX identity_key_order ON identity_key (organization, position);
CREATE UNIQUE INDEX identity_key_position ON identity_key (position);

CREATE TABLE identity_admin_token (
  id TEXT NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL,  -- empty: all
  digest BYTEA NOT NULL UNIQUE,
  position BIGINT NOT NULL UNIQUE,
  body BYTEA NOT NULL
);

CREATE TABLE identity_change_log (
  sequence BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,          -- organization, team, user, key
  organization TEXT NOT NULL,
  name TEXT NOT NULL,          -- of a key its public id
  at BIGINT NOT NULL
);
)sql";

constexpr sql::Migration kMigrations[] = {{.version = 1, .statements = kFirst}};

}  // namespace

std::span<const sql::Migration> IdentityMigrations() { return kMigrations; }

}  // namespace weir::identity

#include "services/quota/sql_schema.h"

namespace weir::quota {
namespace {

// Times are microseconds since 1970, UTC. Rows of the ledger are never changed: the highest seq of
// an attempt is its truth.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE quota_organization (
  id BIGINT NOT NULL PRIMARY KEY,       -- from 1
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE quota_subject (            -- the names of rows of the ledger, each combination once
  id BIGINT NOT NULL PRIMARY KEY,       -- from 1
  organization_id BIGINT NOT NULL REFERENCES quota_organization (id),
  team TEXT NOT NULL,                   -- empty: none; so all names below
  user_name TEXT NOT NULL,
  key_name TEXT NOT NULL,
  key_public_id TEXT NOT NULL,
  proxy TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  kind TEXT NOT NULL,                   -- chat, embeddings
  UNIQUE (organization_id, key_public_id, model, provider, proxy, team, user_name, key_name, kind)
);

CREATE TABLE quota_ledger (
  request_id BYTEA NOT NULL,            -- 16 bytes
  attempt BIGINT NOT NULL,              -- from 1
  seq BIGINT NOT NULL,                  -- 1 the settlement, 2 its correction
  organization_id BIGINT NOT NULL,      -- that of the subject, for the index
  subject_id BIGINT NOT NULL,           -- no REFERENCES: it would be looked up again for each row
  input_uncached_tokens BIGINT NOT NULL,
  cache_read_tokens BIGINT NOT NULL,
  cache_write_5m_tokens BIGINT NOT NULL,
  cache_write_1h_tokens BIGINT NOT NULL,
  output_visible_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  audio_input_tokens BIGINT NOT NULL,
  audio_output_tokens BIGINT NOT NULL,
  image_units BIGINT NOT NULL,
  inconsistent BIGINT NOT NULL,         -- 0 or 1: the provider's total was another one
  total_tokens BIGINT NOT NULL,         -- sum of the parts, without images
  requests BIGINT NOT NULL,
  estimated BIGINT NOT NULL,            -- 0 or 1: counted by weir
  outcome BIGINT NOT NULL,              -- SettleRequest.Outcome
  dispatched_at_us BIGINT NOT NULL,     -- the edge's clock; 0: unknown
  settled_at_us BIGINT NOT NULL,
  cost_usd_nanos BIGINT,                -- null: the model has no price
  PRIMARY KEY (request_id, attempt, seq)
);
CREATE INDEX quota_ledger_usage ON quota_ledger (organization_id, settled_at_us);

CREATE TABLE quota_limit (
  organization TEXT NOT NULL,
  name TEXT NOT NULL,
  counting_since_us BIGINT NOT NULL,
  body BYTEA NOT NULL,                  -- weir.quota.v1.Limit in wire format
  PRIMARY KEY (organization, name)
);

CREATE TABLE quota_change_log (
  sequence BIGINT NOT NULL PRIMARY KEY, -- from 1; the last 1000 are kept
  organization TEXT NOT NULL,
  name TEXT NOT NULL                    -- of the limit that was put or deleted
);
)sql";

constexpr sql::Migration kMigrations[] = {{.version = 1, .statements = kFirst}};

}  // namespace

std::span<const sql::Migration> QuotaMigrations() { return kMigrations; }

}  // namespace weir::quota

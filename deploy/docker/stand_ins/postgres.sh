#!/usr/bin/env bash
# Makes the cluster on the first start, as the official image's entrypoint does, then becomes the server.
#
#   POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE   of the superuser; one of them is needed where there is no cluster yet
#   POSTGRES_USER (postgres), POSTGRES_DB (the user's name), POSTGRES_INITDB_ARGS
set -euo pipefail

fail() {
  echo "postgres.sh: $*" >&2
  exit 1
}

make_cluster() {
  local user="${POSTGRES_USER:-postgres}" database password="${POSTGRES_PASSWORD:-}"
  database="${POSTGRES_DB:-$user}"
  [[ -z "${POSTGRES_PASSWORD_FILE:-}" ]] || password="$(<"$POSTGRES_PASSWORD_FILE")"
  [[ -n "$password" ]] || fail "there is no cluster yet, and neither POSTGRES_PASSWORD nor POSTGRES_PASSWORD_FILE"
  # shellcheck disable=SC2086  # Several arguments, as in the official image.
  initdb --username="$user" --pwfile=<(printf '%s\n' "$password") --auth-host=scram-sha-256 --auth-local=trust \
    ${POSTGRES_INITDB_ARGS:-} >/dev/null
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  # On its socket alone, so that nobody takes this for the server.
  pg_ctl --wait -o "-c listen_addresses=''" start >/dev/null
  [[ "$database" == postgres ]] || createdb --username="$user" --maintenance-db=postgres "$database"
  run_scripts "$user" "$database"
  pg_ctl --wait --mode=fast stop >/dev/null
}

run_scripts() {
  local user="$1" database="$2" script
  for script in /docker-entrypoint-initdb.d/*; do
    case "$script" in
      *.sh) bash "$script" ;;
      *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username="$user" --dbname="$database" --file="$script" ;;
    esac
  done
}

[[ "${1:-}" != -* ]] || set -- postgres "$@"
if [[ "${1:-}" == postgres ]]; then
  if [[ "$(id -u)" == 0 ]]; then
    mkdir -p "$PGDATA"
    chown postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  umask 077
  [[ -s "$PGDATA/PG_VERSION" ]] || make_cluster
  unset POSTGRES_PASSWORD
fi
exec "$@"

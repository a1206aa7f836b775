#!/usr/bin/env bash
# The processes of compose.yaml without Docker, on this machine's loopback: the same programs, and the same configuration files with
# addresses of one machine (deploy/config/suite). For development, and for who wants to see what runs.
#
#   deploy/scripts/suite.sh up [--demo]         Starts what does not run, and waits until all are ready. --demo: a mock provider and a key, too.
#   deploy/scripts/suite.sh down                Stops all; data and secrets stay.
#   deploy/scripts/suite.sh restart NAME        One process: stop and start. Also: stop NAME, start NAME, kill NAME (SIGKILL).
#   deploy/scripts/suite.sh status              What runs.
#
# NAME: postgres redis identity quota routing guardrails cache edge edge-2 ... admin mock.
#
#   WEIR_SUITE_HOME        configuration, data, secrets, logs (.weir-suite); delete it to begin anew
# Remembered from one `up` to the next:
#   WEIR_BIN_DIR           the programs (build/release/bin)
#   WEIR_SUITE_EDGES       how many edges (1): edge on 8080, edge-2 on 8180, ...
#   WEIR_SUITE_OFFSET      added to every port (0), so that a second suite fits beside the first
#   WEIR_SUITE_FSYNC=off   for tests alone: a store may lose its last second when the machine stops
# To the processes come, of all WEIR_*, only WEIR_LOG_LEVEL (of all), WEIR_EGRESS_ALLOW and WEIR_EGRESS_ALLOW_PLAINTEXT (of edges),
# WEIR_ROUTING_ALLOW_PLAINTEXT_UPSTREAMS (of routing).
#
# Needs PostgreSQL 15 and Redis (Debian: postgresql-15, redis-server). Between processes there are Unix sockets, without TLS.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
home="${WEIR_SUITE_HOME:-$root/.weir-suite}"
postgres_bin=/usr/lib/postgresql/15/bin

readonly start_seconds=60 stop_seconds=60
readonly stores=(postgres redis) services=(identity quota routing guardrails cache)

main() {
  local command="${1:-}"
  recall
  bin="${WEIR_BIN_DIR:-$root/build/release/bin}"
  edges="${WEIR_SUITE_EDGES:-1}"
  offset="${WEIR_SUITE_OFFSET:-0}"
  fsync="${WEIR_SUITE_FSYNC:-on}"
  demo="${WEIR_SUITE_DEMO:-}"
  [[ "$edges" =~ ^[1-9]$ ]] || fail "WEIR_SUITE_EDGES is '$edges', want 1 to 9"
  [[ "$offset" =~ ^[0-9]{1,5}$ ]] || fail "WEIR_SUITE_OFFSET is '$offset', want 0 to 50000"
  case "$command:$#" in
    up:1) up ;;
    up:2)
      [[ "$2" == --demo ]] || usage
      demo=yes
      up
      ;;
    down:1) down ;;
    status:1) status ;;
    start:2 | stop:2 | restart:2 | kill:2)
      known "$2"
      prepare
      "$command"_one "$2"
      ;;
    *) usage ;;
  esac
}

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}
say() { printf '%s\n' "$*"; }
fail() {
  printf 'suite.sh: %s\n' "$*" >&2
  exit 1
}

# --- commands ---------------------------------------------------------------------------------------------

up() {
  local name
  prepare
  remember
  for name in "${stores[@]}"; do
    start "$name"
    wait_for "$name"
  done
  # In no order: each waits for what it needs.
  for name in $(processes); do start "$name"; done
  for name in $(processes); do wait_for "$name"; done
  say "The suite is ready: http://127.0.0.1:$((8080 + offset)), admin door http://127.0.0.1:$((8090 + offset)), logs in $home/log."
  [[ -z "$demo" ]] || apply_demo
}

# What `up` was told holds until it is told otherwise, so that `restart quota` is enough.
remember() {
  printf '%s\n' "WEIR_BIN_DIR=$bin" "WEIR_SUITE_EDGES=$edges" "WEIR_SUITE_OFFSET=$offset" "WEIR_SUITE_FSYNC=$fsync" \
    "WEIR_SUITE_DEMO=$demo" >"$home/settings"
}

recall() {
  local name value
  [[ -e "$home/settings" ]] || return 0
  while IFS="=" read -r name value; do
    [[ -n "${!name:-}" ]] || printf -v "$name" %s "$value"
  done <"$home/settings"
}

# Doors first: they drain, and what they need must be there for that.
down() {
  local name
  for name in $(processes | tac) redis postgres; do stop "$name"; done
  say "Stopped."
}

status() {
  local name
  for name in "${stores[@]}" $(processes); do
    if running "$name"; then say "$name runs (process $(pid_of "$name"))"; else say "$name is stopped"; fi
  done
}

start_one() {
  start "$1"
  wait_for "$1"
}
stop_one() { stop "$1"; }
restart_one() {
  stop "$1"
  start_one "$1"
}
kill_one() {
  running "$1" || fail "$1 does not run"
  kill -KILL "$(pid_of "$1")"
  while running "$1"; do sleep 0.05; done
}

# All but the stores, services first.
processes() {
  local number
  printf '%s\n' "${services[@]}"
  [[ -z "$demo" ]] || echo mock
  for ((number = 1; number <= edges; ++number)); do edge_name "$number"; done
  echo admin
}

edge_name() { if [[ "$1" == 1 ]]; then echo edge; else echo "edge-$1"; fi; }

known() {
  case "$1" in
    postgres | redis | identity | quota | routing | guardrails | cache | edge | edge-[2-9] | admin | mock) ;;
    *) fail "'$1' is no process of the suite" ;;
  esac
}

# --- configuration ----------------------------------------------------------------------------------------

prepare() {
  local name number
  umask 077
  # Sockets' paths have 107 characters.
  ((${#home} < 80)) || fail "$home is too long for sockets in it: set WEIR_SUITE_HOME to a shorter one"
  mkdir -p "$home"/{config,data/edge,data/redis,log,run/stores}
  bash "$root/deploy/scripts/make_secrets.sh" "$home/secrets"
  for name in "${services[@]}" admin; do configure "$name" "$name" 0; done
  for ((number = 1; number <= edges; ++number)); do
    configure edge "$(edge_name "$number")" $((100 * (number - 1)))
  done
  configure_redis
}

# configure TEMPLATE NAME PORTS: the file of a container becomes that of a process. The services' own ports are Unix sockets, the others
# are loopback's, PORTS and the offset higher; secrets and data lie in the suite's folder. What is said of certificates goes.
configure() {
  local template="$1" name="$2" more=$(($3 + offset)) text number port
  local sockets=("" "${services[@]}")
  text="$(grep -vE 'tls: \{certificate|ca_file:' "$root/deploy/config/suite/$template.yaml" | sed -E \
    -e "s#\"postgres:5432\"#\"$home/run/stores\"#" -e "s#\"redis:6379\"#\"unix:$home/run/redis.sock\"#" \
    -e "s#/run/weir/secrets#$home/secrets/$template#" -e "s#/var/lib/weir#$home/data/edge#")"
  for number in 1 2 3 4 5; do
    text="$(sed -E "s#\"[a-z0-9.]+:910$number\"#\"unix:$home/run/${sockets[number]}.sock\"#" <<<"$text")"
  done
  for port in 8080 8090 911{1..5} 912{0..6}; do
    text="$(sed -E -e "s#\"localhost:$port\"#\"localhost:$((port + more))\"#g" \
      -e "s#\"([0-9.]+|identity|quota|routing|guardrails|cache):$port\"#\"127.0.0.1:$((port + more))\"#g" <<<"$text")"
  done
  printf '# Made by deploy/scripts/suite.sh, from deploy/config/suite/%s.yaml, at each start.\n%s\n' "$template" "$text" \
    >"$home/config/$name.yaml"
}

configure_redis() {
  {
    sed -e "s#/run/weir/secrets#$home/secrets/redis#" -e "s#^dir .*#dir $home/data/redis#" \
      "$root/deploy/config/suite/redis.conf"
    printf 'port 0\nunixsocket %s\nunixsocketperm 700\n' "$home/run/redis.sock"
  } >"$home/config/redis.conf"
}

# --- processes --------------------------------------------------------------------------------------------

start() {
  local name="$1" program="$bin/weir-${1%-[2-9]}"
  if running "$name"; then return; fi
  case "$name" in
    postgres) start_postgres ;;
    redis) launch redis redis-server "$home/config/redis.conf" ;;
    mock) launch mock "$bin/mock_upstream" --listen "127.0.0.1:$((8082 + offset))" --control "127.0.0.1:$((8083 + offset))" ;;
    *)
      [[ -e "$home/config/$name.yaml" ]] || fail "$name has no configuration: WEIR_SUITE_EDGES is $edges"
      [[ -x "$program" ]] || fail "there is no $program"
      launch "$name" "$program" --config "$home/config/$name.yaml"
      ;;
  esac
}

# launch NAME PROGRAM ARGUMENT...: in a session of its own, so that it outlives the terminal.
launch() {
  local name="$1"
  shift
  (
    trim_environment "$name"
    exec setsid "$@" </dev/null >>"$home/log/$name.log" 2>&1
  ) &
  echo "$! $(start_of "$!")" >"$home/run/$name.pid"
}

# A process takes every WEIR_* as a setting of its own.
trim_environment() {
  local variable
  # The demo's provider has a private address, and speaks plain HTTP.
  if [[ -n "$demo" ]]; then
    export WEIR_EGRESS_ALLOW="${WEIR_EGRESS_ALLOW:-127.0.0.1/32}" WEIR_EGRESS_ALLOW_PLAINTEXT=true
    export WEIR_ROUTING_ALLOW_PLAINTEXT_UPSTREAMS=true
  fi
  for variable in "${!WEIR_@}"; do
    case "$1:$variable" in
      *:WEIR_LOG_LEVEL | edge*:WEIR_EGRESS_ALLOW | edge*:WEIR_EGRESS_ALLOW_PLAINTEXT | routing:WEIR_ROUTING_ALLOW_PLAINTEXT_UPSTREAMS) ;;
      *) unset "$variable" ;;
    esac
  done
}

# PostgreSQL refuses to be root: then its folders are its user's, and the way to them is open to others, as no list of what is there is.
as_postgres=()
start_postgres() {
  local data="$home/data/postgres"
  [[ -x "$postgres_bin/postgres" ]] || fail "there is no $postgres_bin/postgres (Debian: postgresql-15)"
  mkdir -p "$data"
  if [[ "$(id -u)" == 0 ]]; then
    as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)
    chmod 711 "$home" "$home/data" "$home/run"
    chown postgres "$data" "$home/run/stores"
    "${as_postgres[@]}" test -w "$data" || fail "user postgres cannot reach $data: set WEIR_SUITE_HOME to a folder that it can"
  fi
  [[ -s "$data/PG_VERSION" ]] || make_cluster "$data"
  launch postgres "${as_postgres[@]}" "$postgres_bin/postgres" -D "$data" -k "$home/run/stores" -c listen_addresses= \
    -c max_connections=200 -c "fsync=$fsync"
}

make_cluster() {
  local data="$1" password="$home/run/stores/password"
  cp "$home/secrets/postgres/database.password" "$password"
  [[ "$(id -u)" != 0 ]] || chown postgres "$password"
  "${as_postgres[@]}" "$postgres_bin/initdb" -D "$data" --username=weir --auth=scram-sha-256 --data-checksums --no-locale \
    --encoding=UTF8 --pwfile="$password" >"$home/log/postgres.log" 2>&1 || {
    tail -n 20 "$home/log/postgres.log" >&2
    fail "initdb failed; its output is above"
  }
  rm "$password"
  "${as_postgres[@]}" "$postgres_bin/postgres" --single -D "$data" postgres <<<"CREATE DATABASE weir" >>"$home/log/postgres.log" 2>&1
}

# Says why where it is not.
ready() {
  case "$1" in
    postgres) "$postgres_bin/pg_isready" --quiet --host="$home/run/stores" --username=weir --dbname=weir ;;
    redis) redis-cli -s "$home/run/redis.sock" --no-auth-warning --user health --pass none ping | grep -x PONG ;;
    mock) weirctl ready "http://127.0.0.1:$((8083 + offset))/healthz" ;;
    identity) weirctl ready "http://127.0.0.1:$((9121 + offset))/readyz" ;;
    quota) weirctl ready "http://127.0.0.1:$((9122 + offset))/readyz" ;;
    routing) weirctl ready "http://127.0.0.1:$((9123 + offset))/readyz" ;;
    admin) weirctl ready "http://127.0.0.1:$((9124 + offset))/readyz" ;;
    guardrails) weirctl ready "http://127.0.0.1:$((9125 + offset))/readyz" ;;
    cache) weirctl ready "http://127.0.0.1:$((9126 + offset))/readyz" ;;
    edge) weirctl ready "http://127.0.0.1:$((9120 + offset))/readyz" ;;
    edge-*) weirctl ready "http://127.0.0.1:$((9120 + offset + 100 * (${1#edge-} - 1)))/readyz" ;;
  esac
}

weirctl() { "$bin/weirctl" "$@"; }

wait_for() {
  local name="$1" tries
  for ((tries = 0; tries < start_seconds * 10; ++tries)); do
    if ready "$name" >/dev/null 2>&1; then return; fi
    if ! running "$name"; then
      tail -n 20 "$home/log/$name.log" >&2
      fail "$name has ended; the end of $home/log/$name.log is above"
    fi
    sleep 0.1
  done
  tail -n 5 "$home/log/$name.log" >&2
  fail "$name runs, but is not ready after ${start_seconds}s: $(ready "$name" 2>&1 | head -c 300)"
}

pid_of() { cut -d' ' -f1 "$home/run/$1.pid" 2>/dev/null; }

# When process PID was started, in clock ticks since boot; fails when it does not run, or has ended and is only not buried yet.
start_of() {
  local state
  state="$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)" && [[ -n "$state" && "$state" != Z* ]] || return 1
  cut -d' ' -f20 <<<"$state"
}

# Whether NAME, as this script started it, runs: its pid may have gone to another process meanwhile.
running() {
  local pid started
  read -r pid started 2>/dev/null <"$home/run/$1.pid" || return 1
  [[ -n "$started" && "$(start_of "$pid")" == "$started" ]]
}

stop() {
  local name="$1" pid tries signal=TERM
  [[ "$name" != postgres ]] || signal=INT  # Does not wait for its clients to go.
  if running "$name"; then
    pid="$(pid_of "$name")"
    kill "-$signal" "$pid" 2>/dev/null || true
    for ((tries = 0; tries < stop_seconds * 10; ++tries)); do
      running "$name" || break
      sleep 0.1
    done
    if running "$name"; then
      say "$name does not end after ${stop_seconds}s: killed."
      kill -KILL "$pid" 2>/dev/null || true
    fi
  fi
  rm -f "$home/run/$name.pid"
}

# --- demo -------------------------------------------------------------------------------------------------

apply_demo() {
  bash "$root/deploy/scripts/make_demo.sh" "$home/demo" "http://127.0.0.1:$((8082 + offset))/v1"
  local addresses='' number
  for number in "${!services[@]}"; do addresses+=",${services[number]}=127.0.0.1:$((9111 + number + offset))"; done
  (
    unset "${!WEIR_@}"
    weirctl --address "${addresses#,}" \
      --token-file "$home/secrets/operator/admin.token" apply -f "$home/demo/documents"
  )
  cat <<TEXT

Ask it something:

  curl http://127.0.0.1:$((8080 + offset))/v1/chat/completions \\
    -H "Authorization: Bearer \$(cat $home/demo/secrets/demo_key)" -H 'Content-Type: application/json' \\
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}'

TEXT
}

main "$@"

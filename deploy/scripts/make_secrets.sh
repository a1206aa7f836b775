#!/usr/bin/env bash
# Makes every secret of a suite, and with make_certificates.sh its certificates: each service finds what it needs, and nothing else,
# in a folder of its own. What exists is never overwritten, so run it before each start.
#
#   deploy/scripts/make_secrets.sh DIR [--container]
#
#   DIR/ca                                 the CA; its key is for make_certificates.sh alone
#   DIR/{edge,admin,identity,quota,routing,guardrails,cache,mock}/{certificate.pem,key.pem,ca.pem}
#   DIR/{identity,quota,routing,cache}/master.key
#                                          64 hex digits, one key: opens the credentials of providers and the answers that are kept
#   DIR/guardrails/hash.key                64 hex digits: what stands in the place of a value that is hashed comes of it
#   DIR/edge/master.key                    another one: seals what edges keep on their disk
#   DIR/identity/pepper                    64 hex digits: without it no key and no admin token is known
#   DIR/identity/admin.token               the first admin token, and for weirctl DIR/operator/{admin.token,ca.pem}
#   DIR/{identity,quota,routing,guardrails,cache}/database.password, and for the server DIR/postgres/database.password
#   DIR/{quota,routing}/redis.password, another DIR/cache/redis.password, and for the server DIR/redis/users.acl
#
#   --container   Gives the folders to the users of the images: 10001 (weir) and 999 (postgres, redis). Needs root.
#
# Without DIR/identity/pepper and DIR/*/master.key, a database is worthless: keep them in a backup of its own.
set -euo pipefail
umask 077

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly weir_owner=10001:10001 store_owner=999:999

main() {
  [[ $# -gt 0 && "$1" != -* ]] || usage
  dir="$1"
  container=
  if [[ $# -gt 1 ]]; then
    [[ $# == 2 && "$2" == --container ]] || usage
    container=yes
  fi
  mkdir -p "$dir"/{ca,edge,admin,identity,quota,routing,guardrails,cache,mock,postgres,redis,operator}
  bash "$here/make_certificates.sh" "$dir" ${container:+--owner "$weir_owner"}
  exec 9>"$dir/ca/lock"
  flock 9
  make_all
  [[ -z "$container" ]] || give_away
}

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

fail() {
  echo "make_secrets.sh: $*" >&2
  exit 1
}

make_all() {
  make edge/master.key hex_32
  make identity/pepper hex_32
  make identity/master.key hex_32
  share identity/master.key {quota,routing,cache}/master.key
  make guardrails/hash.key hex_32
  make identity/admin.token admin_token
  share identity/admin.token operator/admin.token
  share ca/ca.pem operator/ca.pem
  make postgres/database.password hex_32
  share postgres/database.password {identity,quota,routing,guardrails,cache}/database.password
  make quota/redis.password hex_32
  share quota/redis.password routing/redis.password
  make cache/redis.password hex_32
  write redis/users.acl < <(redis_users)
}

# make FILE COMMAND: what the command prints becomes the file, unless there is one. A file that was there once is not made anew: what
# it opens, or who knows it, would be lost in silence.
make() {
  local made="$dir/ca/made" text
  if [[ -s "$dir/$1" ]]; then return; fi
  if grep -qsFx "$1" "$made"; then
    fail "$1 was made once and is gone: bring it back from a backup, or begin anew with an empty folder and an empty database"
  fi
  text="$("$2")" || fail "making $1 failed"
  write "$1" <<<"$text"
  echo "$1" >>"$made"
  echo "secrets: made $1"
}

# share FILE COPY...: a copy that differs is replaced; the first file is the truth.
share() {
  local from="$1" copy
  shift
  for copy in "$@"; do
    cmp -s "$dir/$from" "$dir/$copy" || write "$copy" <"$dir/$from"
  done
}

# Whole or not at all.
write() {
  cat >"$dir/$1.new"
  mv "$dir/$1.new" "$dir/$1"
}

hex_32() { openssl rand -hex 32; }

# 62 characters, so many of them.
random_letters() {
  local text
  text="$(head -c 4096 /dev/urandom | LC_ALL=C tr -dc '0-9A-Za-z')"
  printf '%s' "${text:0:$1}"
}

# As services/identity/key.h says: wa_, id, secret, and six digits of CRC-32 in base 62.
admin_token() {
  local digits=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz
  local text check='' sum place
  text="wa_$(random_letters 12)_$(random_letters 43)"
  sum="$(printf '%s' "$text" | gzip -c | tail -c 8 | od -An -N4 --endian=little -tu4)"
  for ((place = 0; place < 6; ++place)); do
    check="${digits:$((sum % 62)):1}$check"
    ((sum /= 62)) || true
  done
  printf '%s%s' "$text" "$check"
}

# The server knows the hashes of the passwords alone. What is kept of answers is for the cache, and it sees nothing else. Whoever checks
# the server's health may ask whether it is there.
redis_users() {
  local commands="+@all -@admin -@dangerous +info +role"
  echo "user default off resetpass resetkeys resetchannels -@all"
  echo "user health on nopass resetkeys resetchannels -@all +ping"
  echo "user weir on #$(hash_of quota/redis.password) resetkeys ~w1:q:* ~w1:r:* resetchannels &w1:q:* &w1:r:* $commands"
  echo "user cache on #$(hash_of cache/redis.password) resetkeys ~w1:sc:* resetchannels &w1:sc:* $commands"
}

hash_of() { printf '%s' "$(<"$dir/$1")" | sha256sum | cut -d' ' -f1; }

give_away() {
  chown -R "$weir_owner" "$dir"/{edge,admin,identity,quota,routing,guardrails,cache,mock,operator}
  chown -R "$store_owner" "$dir"/{postgres,redis}
}

main "$@"

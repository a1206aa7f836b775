-- Counters. k: kind, r: 1 where it counts requests, n: count, p: period, c: capacity, v: level (all
-- as the limit was when it last held something); s: start of the window, or when the bucket was last
-- refilled; u: use of the window, or what the bucket lacks; h: held; f: refilled part of a unit, in
-- 1/p; o: holds that refer to it; z: since when the limit counts; x: whom to ask about the limit.
local RULE, STATE = '<dddddd', '<dddddd'

local function ReadRule(text)
  local c = {}
  c.k, c.r, c.n, c.p, c.c, c.v = struct.unpack(RULE, text)
  return c
end

local function Unpack(text)
  local c = ReadRule(text)
  c.s, c.u, c.h, c.f, c.o, c.z = struct.unpack(STATE, text, 49)
  c.x = string.sub(text, 97)
  return c
end

local function Pack(c)
  return struct.pack(RULE, c.k, c.r, c.n, c.p, c.c, c.v) ..
    struct.pack(STATE, c.s, c.u, c.h, c.f, c.o, c.z) .. c.x
end

local function WindowStart(c) return now - now % c.p end

local function IsCurrent(c)
  if c.s == NEVER then return false end
  if c.k == UTC then return WindowStart(c) <= c.s end
  return now - c.s < c.p
end

local function Enter(c)
  if IsCurrent(c) then return end
  c.s = c.k == UTC and WindowStart(c) or now
  c.u = 0
end

local function Refill(c)
  local elapsed = c.s == NEVER and 0 or now - c.s
  if elapsed < 0 then return end
  c.s = now
  local refilled, rest = MulDiv(elapsed, c.n, c.f, c.p)
  if refilled >= c.u then
    c.u, c.f = 0, 0
  else
    c.u, c.f = c.u - refilled, rest
  end
end

-- Settled use; below 0 in a bucket that was refilled under open holds.
local function Used(c)
  if c.k == BUCKET then
    Refill(c)
    return c.u - c.h
  end
  return IsCurrent(c) and c.u or 0
end

local function Room(c) return c.c - Used(c) - c.h end

local function Hold(c, amount)
  if c.h + amount > MOST then error({err = 'ERR the holds of a limit exceed 2^53'}) end
  if c.k == BUCKET then
    Refill(c)
    c.u = min(MOST, c.u + amount)
  else
    Enter(c)
  end
  c.h = c.h + amount
end

-- Has the counter follow the limit as it is now.
local function Adapt(c, rule)
  c.n, c.p, c.c, c.r, c.v, c.x = rule.n, rule.p, rule.c, rule.r, rule.v, rule.x
  if c.k == rule.k then return end
  local used = Used(c)
  local is_new = used <= 0 and c.h == 0
  used = max(0, used)
  c.k = rule.k
  if c.k == UTC then
    c.s, c.u = WindowStart(c), used
  elseif c.k == ANCHORED then
    c.s, c.u = is_new and NEVER or now, used
  else
    c.s, c.u, c.f = now, max(0, used + c.h), 0
  end
end

local function NewCounter(rule, since)
  return {k = rule.k, r = rule.r, n = rule.n, p = rule.p, c = rule.c, v = rule.v, x = rule.x,
    s = NEVER, u = 0, h = 0, f = 0, o = 0, z = since}
end

-- The counter as it is stored, in the form that the rule counts in; a new one where none is, or
-- where the limit was made again since: `since` is later than the first that its process saw. (What
-- another process saw first says nothing: its limits may be made of the same documents later.)
local function Follow(text, rule, since, first)
  local c = text and Unpack(text)
  if not c or (since > first and since > c.z) then return NewCounter(rule, since) end
  Adapt(c, rule)
  return c
end

-- The limits of an operation, three arguments each from `first` on: the field of its counter, its
-- rule as ReadRule takes it with its contact behind, and the rest of it (enforcement, since when it
-- counts, and the first such moment that its process saw). With their counters.
local function Matches(first)
  local matches, fields = {}, {}
  for i = first, #ARGV, 3 do
    local rule = ReadRule(ARGV[i + 1])
    rule.x = string.sub(ARGV[i + 1], 49)
    local match = {field = ARGV[i], rule = rule}
    match.enforcement, match.since, match.first = struct.unpack('<ddd', ARGV[i + 2])
    matches[#matches + 1], fields[#fields + 1] = match, ARGV[i]
  end
  if #matches == 0 then return matches end
  local stored = call('HMGET', K_COUNTERS, unpack(fields))
  for i, match in ipairs(matches) do
    match.counter = Follow(stored[i], match.rule, match.since, match.first)
  end
  return matches
end

-- Appends how a counter stands, for the caller to read.
local function Tell(reply, c)
  if c.k == BUCKET then Refill(c) end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = c.s, c.u, c.h, c.f
end

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

-- w: the rule as it is stored, which most that is done to a counter leaves alone.
local function Unpack(text)
  local c = {w = string.sub(text, 1, 48), x = string.sub(text, 97)}
  c.k, c.r, c.n, c.p, c.c, c.v, c.s, c.u, c.h, c.f, c.o, c.z = struct.unpack('<dddddddddddd', text)
  return c
end

local function Pack(c)
  return (c.w or struct.pack(RULE, c.k, c.r, c.n, c.p, c.c, c.v)) ..
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
  c.n, c.p, c.c, c.r, c.v, c.x, c.w = rule.n, rule.p, rule.c, rule.r, rule.v, rule.x, nil
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

-- Counters as this script has them, by field (false: there is none), and those that are to be stored.
local known, touched, touched_fields = {}, {}, {}

local function Load(fields)
  local missing = {}
  for _, field in ipairs(fields) do
    if known[field] == nil then missing[#missing + 1], known[field] = field, false end
  end
  if #missing == 0 then return end
  local stored = call('HMGET', K_COUNTERS, unpack(missing))
  for i, field in ipairs(missing) do known[field] = stored[i] and Unpack(stored[i]) end
end

local function Touch(field, c)
  if not touched[field] then touched_fields[#touched_fields + 1] = field end
  touched[field], known[field] = c, c
end

-- Stores them. Whoever touches one does this before its end.
local function Flush()
  local pairs_ = {}
  for _, field in ipairs(touched_fields) do
    pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = field, Pack(touched[field])
    if #pairs_ >= 512 then
      call('HSET', K_COUNTERS, unpack(pairs_))
      pairs_ = {}
    end
  end
  if #pairs_ > 0 then call('HSET', K_COUNTERS, unpack(pairs_)) end
  touched, touched_fields = {}, {}
end

-- The counter as it is kept, in the form that the rule counts in; a new one where none is, or
-- where the limit was made again since: `since` is later than the first that its process saw. (What
-- another process saw first says nothing: its limits may be made of the same documents later.)
local function Follow(c, raw, since, first)
  local is_new = not c or (since > first and since > c.z)
  if not is_new and c.w and (c.x == '' and c.w or c.w .. c.x) == raw then return c end
  local rule = ReadRule(raw)
  rule.x = string.sub(raw, 49)
  if is_new then return NewCounter(rule, since) end
  -- What is not stored in the end stays as it was.
  local adapted = {}
  for name, value in pairs(c) do adapted[name] = value end
  Adapt(adapted, rule)
  return adapted
end

-- The limits of an operation, three arguments each from `first` to `last` (the end): the field of its
-- counter, its rule as ReadRule takes it with its contact behind, and the rest of it (enforcement, since when it
-- counts, and the first such moment that its process saw).
local function ReadMatches(first, last)
  local matches, fields = {}, {}
  for i = first, last or #ARGV, 3 do
    local match = {field = ARGV[i], raw = ARGV[i + 1]}
    match.enforcement, match.since, match.first = struct.unpack('<ddd', ARGV[i + 2])
    matches[#matches + 1], fields[#fields + 1] = match, ARGV[i]
  end
  Load(fields)
  return matches
end

local function CounterOf(match)
  return Follow(known[match.field], match.raw, match.since, match.first)
end

-- With their counters.
local function Matches(first)
  local matches = ReadMatches(first)
  for _, match in ipairs(matches) do match.counter = CounterOf(match) end
  return matches
end

-- Appends how a counter stands, for the caller to read.
local function Tell(reply, c)
  if c.k == BUCKET then Refill(c) end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = c.s, c.u, c.h, c.f
end

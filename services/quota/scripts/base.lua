-- What every script begins with. The keys are those of one organisation, and share a slot:
--   1 m  hash: t time of the last change, e epoch, n changes so far, g run id of the server that it
--              was last rebuilt on, b mark of the rebuild that goes on, l until when edges say what
--              they have under way since, i where the search for idle counters goes on
--   2 c  hash: counters        3 h  hash: holds, open or lapsed      4 d  zset: open ones by age
--   5 l  list: lapsed ones     6 s  hash: attempts that ended        7 o  list: those, oldest first
--   8 e  hash: of each edge its open holds (o) and its last sign (r)
-- Arguments: 1 the server's run id, 2 the time for a test or '', 3 options (ending.lua); then the
-- script's own. Every function here is made anew with each call: a script has only what it needs.
--
-- Times are microseconds, amounts whole units; all stay below 2^53, where doubles are exact. They
-- are packed as doubles and never made into text here: tostring rounds.
local call = redis.call
local floor, min, max = math.floor, math.min, math.max
local MOST = 9007199254740992
local NEVER = -MOST
local UTC, ANCHORED, BUCKET = 0, 1, 2
local STRICT, ADAPTIVE, OBSERVE = 0, 1, 2
local K_META, K_COUNTERS, K_HOLDS, K_DUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local K_LAPSED, K_ENDED, K_ORDER, K_EDGES = KEYS[5], KEYS[6], KEYS[7], KEYS[8]

local now, epoch, changes, run, listens_until

-- Reads where the organisation stands; false: what is here is not to be relied on.
local function Begin()
  local meta = call('HMGET', K_META, 't', 'e', 'n', 'g', 'l')
  now = tonumber(ARGV[2])
  if not now then
    local time = call('TIME')
    now = time[1] * 1000000 + time[2]
  end
  now = max(now, tonumber(meta[1] or 0))
  epoch = tonumber(meta[2] or 0)
  changes = tonumber(meta[3] or 0)
  run = meta[4]
  listens_until = tonumber(meta[5] or 0)
  return run == ARGV[1]
end

-- Who rebuilds shows the mark again: a server that lost everything meanwhile, or another one, does
-- not have it, and what was found out about the loss before is no longer true.
local function Lost()
  local mark = call('HGET', K_META, 'b')
  if not mark or string.sub(mark, 1, #ARGV[1]) ~= ARGV[1] then
    mark = ARGV[1] .. struct.pack('<d', now)
    call('HSET', K_META, 'b', mark)
  end
  return {-1, now, epoch, changes, mark}
end

-- Nothing is decided before edges have said what they have under way.
local function IsListening() return now < listens_until end
local function Listening() return {-2, now, epoch, changes, listens_until} end

-- A step that changed something is over.
local function Commit()
  changes = changes + 1
  call('HSET', K_META, 't', now, 'n', changes)
end

-- floor((a * b + c) / d) and the remainder, exact also where the product is not; a quotient beyond
-- what a counter can hold is MOST.
local function MulDiv(a, b, c, d)
  local n = a * b + c
  if n < MOST then
    local q = floor(n / d)
    return q, n - q * d
  end
  if n / d >= 2 * MOST then return MOST, 0 end
  local qa = floor(a / d)
  local ra = a - qa * d
  local q, r = 0, 0
  -- Neither sum is formed that would not fit.
  local function Add(units, rest)
    if r >= d - rest then
      q, r = q + units + 1, r - (d - rest)
    else
      q, r = q + units, r + rest
    end
  end
  local bit = MOST / 2
  while bit >= 1 do
    Add(q, r)
    if b >= bit then
      b = b - bit
      Add(qa, ra)
    end
    bit = bit / 2
  end
  local qc = floor(c / d)
  Add(qc, c - qc * d)
  return q, r
end

-- Holds. A record is an array: 1 hash of the body, 2 tokens and 3 cap of the answer (-1: none),
-- 4 output covered, 5 requests, 6 when made, 7 epoch, 8 edge, 9 when lapsed (0: open), 10 epoch of
-- that; then of each part: field of the counter, 1 where it is strict, amount, output of it, posted,
-- and since when the limit counted.
local PARTS, PART = 11, 6

-- The counters of a hold's parts, in order; false: the limit is gone, or was made again.
local function CountersOf(hold)
  local fields, counters = {}, {}
  for i = PARTS, #hold, PART do fields[#fields + 1] = hold[i] end
  if #fields == 0 then return counters, fields end
  local stored = call('HMGET', K_COUNTERS, unpack(fields))
  for i, text in ipairs(stored) do
    local c = text and Unpack(text)
    counters[i] = c and c.z == hold[PARTS + (i - 1) * PART + 5] and c or false
  end
  return counters, fields
end

local function StoreCounters(counters, fields)
  local pairs_ = {}
  for i, field in ipairs(fields) do
    if counters[i] then
      pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = field, Pack(counters[i])
    end
  end
  if #pairs_ > 0 then call('HSET', K_COUNTERS, unpack(pairs_)) end
end

local function EdgeLosesOne(edge)
  if call('HINCRBY', K_EDGES, 'o' .. edge, -1) <= 0 then
    call('HDEL', K_EDGES, 'o' .. edge, 'r' .. edge)
  end
end

local function RemoveHold(id, hold)
  if hold[9] == 0 then
    call('ZREM', K_DUE, id)
    EdgeLosesOne(hold[8])
  end
  call('HDEL', K_HOLDS, id)
end

-- Its counters were rebuilt from the ledger since it was made: whether they contain what came of it
-- only the ledger can say.
local function IsDoubtful(hold) return hold[7] ~= epoch or (hold[9] > 0 and hold[10] ~= epoch) end

-- Ends it: `requests` and `tokens` were spent.
local function EndHold(id, hold, tokens, requests)
  local counters, fields = CountersOf(hold)
  for i = 1, #fields do
    local c, part = counters[i], PARTS + (i - 1) * PART
    if c then
      local actual = c.r == 1 and requests or tokens
      c.o = c.o - 1
      if hold[9] == 0 then
        SettleCounter(c, hold[part + 2], actual)
      elseif hold[10] == epoch then
        CorrectCounter(c, hold[9], hold[part + 4], actual)
      end
    end
  end
  StoreCounters(counters, fields)
  RemoveHold(id, hold)
end

-- Attempts that ended. hash of the body (8 bytes), then requests and tokens posted, when, tokens and
-- cap of the answer, highest seq, and since when it is kept.
local ENDED = '<c8ddddddd'

local function PackEnded(r)
  return struct.pack(ENDED, r.hash, r.requests, r.tokens, r.at, r.held, r.cap, r.seq, r.kept)
end

local function UnpackEnded(text)
  local r = {}
  r.hash, r.requests, r.tokens, r.at, r.held, r.cap, r.seq, r.kept = struct.unpack(ENDED, text)
  return r
end

-- Drops ended attempts that are too old, or too many; looks at no more than `most`.
local function Forget(most)
  local size = call('LLEN', K_ORDER)
  for _ = 1, most do
    if size == 0 then return end
    local first = call('LINDEX', K_ORDER, 0)
    local kept, id = struct.unpack('<d', first), string.sub(first, 9)
    if size <= most_ended and now - kept < keep then return end
    call('LPOP', K_ORDER)
    size = size - 1
    local text = call('HGET', K_ENDED, id)
    -- One that was asked for since has another place further on.
    if text and UnpackEnded(text).kept == kept then call('HDEL', K_ENDED, id) end
  end
end

local function Remember(id, r)
  r.kept = now
  call('HSET', K_ENDED, id, PackEnded(r))
  call('RPUSH', K_ORDER, struct.pack('<d', now) .. id)
  if changes % 8 == 0 then Forget(16) end
end

local function EndAndRemember(id, hold, tokens, requests, seq)
  EndHold(id, hold, tokens, requests)
  Remember(id, {hash = hold[1], requests = requests, tokens = tokens,
    at = hold[9] > 0 and hold[9] or now, held = hold[2], cap = hold[3], seq = seq})
end

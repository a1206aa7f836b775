-- How holds end. Times after which, and numbers beyond which, what is kept is dropped:
local ttl, keep, most_ended, keep_lapsed, most_lapsed = struct.unpack('<ddddd', ARGV[3])

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

-- What this script is to remember, by id; in pairs for a command, and the order of it.
local remembered, ended_pairs, ended_order = {}, {}, {}

local function Remember(id, r)
  r.kept = now
  remembered[id] = r
  ended_pairs[#ended_pairs + 1], ended_pairs[#ended_pairs + 2] = id, PackEnded(r)
  ended_order[#ended_order + 1] = struct.pack('<d', now) .. id
end

-- Stores what was remembered, and the counters. Whoever ends an attempt does this before its end.
local function FlushEnded()
  Flush()
  if #ended_order == 0 then return end
  call('HSET', K_ENDED, unpack(ended_pairs))
  call('RPUSH', K_ORDER, unpack(ended_order))
  if changes % 8 == 0 then Forget(16 * #ended_order) end
end

local function EndAndRemember(id, hold, tokens, requests, seq)
  EndHold(id, hold, tokens, requests)
  Remember(id, {hash = hold[1], requests = requests, tokens = tokens,
    at = hold[9] > 0 and hold[9] or now, held = hold[2], cap = hold[3], seq = seq})
end

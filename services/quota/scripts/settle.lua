-- Posts what was spent, by some attempts in their order. 4 how many attempts, 5 how many limits; the
-- limits; then of each attempt its id, numbers (seq, tokens, requests, whether the ledger was asked, and
-- what it said: seq, tokens, requests, when; whether its lease is topped up; whether it is sent for the
-- first time), the lease that it draws from or '', and which limits match, two bytes each. -> of each 0
-- applied, 1 repeated, 2 unknown; the cap of the output (-1: none); 1 where it drew, 2 where that was
-- topped up.
local reply
local limits, holds, ended = {}, {}, {}
local leases, lease_ids = {}, {}
local dirty = false

-- The limits of an attempt, with their counters as they are now.
local function MatchesOf(op)
  local matches = {}
  for i = 1, #op.limits, 2 do
    local low, high = string.byte(op.limits, i, i + 1)
    local limit = limits[low + 256 * high + 1]
    limit.counter = CounterOf(limit)
    matches[#matches + 1] = limit
  end
  return matches
end

local function Answer(kind, cap, drew)
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3] = kind, cap, drew or 0
end

-- Puts the truth in the place of what was posted for the attempt.
local function Correct(op, posted_tokens, posted_requests, at)
  for _, match in ipairs(MatchesOf(op)) do
    local c = match.counter
    local posted = c.r == 1 and posted_requests or posted_tokens
    local actual = c.r == 1 and op.requests or op.tokens
    -- Nothing of it was posted to a limit that is younger.
    local is_younger = posted ~= 0 and match.since > at
    if posted ~= actual and not is_younger then
      CorrectCounter(c, at, posted, actual)
      Touch(match.field, c)
    end
  end
end

local function SettleEnded(op, ended)
  if op.seq <= ended.seq then
    -- Somebody still asks for it. Not each time: the list would fill with copies.
    if now - ended.kept >= keep / 2 then
      dirty = true
      Remember(op.id, ended)
    end
    return Answer(1, ended.cap)
  end
  Correct(op, ended.tokens, ended.requests, ended.at)
  if ended.seq == 0 then ended.at = now end
  ended.tokens, ended.requests, ended.seq = op.tokens, op.requests, op.seq
  remembered[op.id] = ended
  ended_pairs[#ended_pairs + 1], ended_pairs[#ended_pairs + 2] = op.id, PackEnded(ended)
  dirty = true
  return Answer(0, ended.cap)
end

-- What a lease may take of a limit (lease.lua).
local function Share(c)
  local room = Room(c)
  return min(floor(room / 10), floor((room - c.h) / 2))
end

-- Takes what was spent out of the lease, and counts it. -> 2 where it was topped up, else 1.
local function Draw(op, lease)
  local parts, drawn_from = {}, {}
  local enough = op.top_up == 1 and lease[9] == 0
  for i = PARTS, #lease, PART do parts[lease[i]] = i end
  for _, match in ipairs(MatchesOf(op)) do
    local c, part = match.counter, parts[match.field]
    local actual = c.r == 1 and op.requests or op.tokens
    -- A limit that was made again has nothing in the lease.
    if part and c.z ~= lease[part + 5] then part = nil end
    if actual > 0 then
      if not part then
        SettleCounter(c, 0, actual)
      elseif lease[9] > 0 then
        local drawn = min(actual, lease[part + 4])
        lease[part + 4] = lease[part + 4] - drawn
        CorrectCounter(c, lease[9], drawn, actual)
      else
        local drawn = min(actual, lease[part + 2])
        lease[part + 2] = lease[part + 2] - drawn
        SettleCounter(c, drawn, actual)
        enough = enough and drawn == actual and actual <= Share(c)
        drawn_from[#drawn_from + 1] = {c, part, actual}
      end
      Touch(match.field, c)
    end
  end
  if not enough then return 1 end
  for _, each in ipairs(drawn_from) do
    Hold(each[1], each[3])
    lease[each[2] + 2] = lease[each[2] + 2] + each[3]
  end
  return 2
end

local function SettleUnknown(op, lease)
  if op.seq <= op.prior_seq then return Answer(1, -1) end
  local at = op.prior_seq == 0 and now or op.prior_at
  local drew = 0
  if lease and op.prior_seq == 0 then
    drew = Draw(op, lease)
    leases[op.lease].changed = true
    if lease[9] > 0 then at = lease[9] end
  else
    Correct(op, op.prior_tokens, op.prior_requests, at)
  end
  dirty = true
  Remember(op.id, {hash = string.rep('\0', 8), requests = op.requests, tokens = op.tokens, at = at,
    held = 0, cap = -1, seq = op.seq})
  return Answer(0, -1, drew)
end

-- nil: it is not known, or cannot be relied on.
local function LeaseOf(op)
  if op.lease == '' then return nil end
  local found = leases[op.lease]
  if not found then
    local text = holds[op.lease]
    found = {hold = text and cmsgpack.unpack(text)}
    if found.hold and IsDoubtful(found.hold) then found.hold = nil end
    leases[op.lease], lease_ids[#lease_ids + 1] = found, op.lease
  end
  return found.hold or nil
end

local function Settle(op)
  local text = holds[op.id]
  local hold = text and cmsgpack.unpack(text)
  if hold and not IsDoubtful(hold) then
    local cap = hold[3] >= 0 and max(hold[3], hold[4]) or -1
    dirty, holds[op.id] = true, false
    EndAndRemember(op.id, hold, op.tokens, op.requests, op.seq)
    return Answer(0, cap)
  end
  if not hold then
    local record = remembered[op.id] or (ended[op.id] and UnpackEnded(ended[op.id]))
    if record then return SettleEnded(op, record) end
  end
  local lease = not hold and LeaseOf(op)
  -- Nothing came of it yet, or it would be known here.
  local is_first = lease and lease[9] == 0 and op.first_sent == 1
  if op.asked == 0 and not is_first then return Answer(2, -1) end
  if hold then
    EndHold(op.id, hold, 0, 0)
    dirty, holds[op.id] = true, false
  end
  return SettleUnknown(op, lease)
end

-- What is stored of all of them, in one question.
local function Fetch(key, ids, into)
  local stored = call('HMGET', key, unpack(ids))
  for i, id in ipairs(ids) do into[id] = stored[i] end
end

if not Begin() then return Lost() end
reply = {0, now, epoch, changes}
local count = tonumber(ARGV[4])
local first = 6 + 3 * tonumber(ARGV[5])
limits = ReadMatches(6, first - 1)
local ids, held = {}, {}
for i = first, first + 4 * count - 1, 4 do
  ids[#ids + 1], held[#held + 1] = ARGV[i], ARGV[i]
  if ARGV[i + 2] ~= '' then held[#held + 1] = ARGV[i + 2] end
end
Fetch(K_HOLDS, held, holds)
Fetch(K_ENDED, ids, ended)
for i = first, first + 4 * count - 1, 4 do
  local op = {id = ARGV[i], lease = ARGV[i + 2], limits = ARGV[i + 3]}
  op.seq, op.tokens, op.requests, op.asked, op.prior_seq, op.prior_tokens, op.prior_requests, op.prior_at,
    op.top_up, op.first_sent = struct.unpack('<dddddddddd', ARGV[i + 1])
  Settle(op)
end
for _, id in ipairs(lease_ids) do
  if leases[id].changed then call('HSET', K_HOLDS, id, cmsgpack.pack(leases[id].hold)) end
end
if #ended_pairs > 2 * #ended_order then
  -- Corrected alone: it has its place in the order.
  call('HSET', K_ENDED, unpack(ended_pairs))
end
FlushEnded()
if dirty then
  Commit()
  reply[4] = changes
end
return reply

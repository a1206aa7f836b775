-- Holds a demand against all limits, or against none. 4 id, 5 edge, 6 hash of the body, 7 demand;
-- matches from 8 on. -> 0 granted, 1 reduced, 2 replayed, 3 conflict, 4 refused; tokens held, cap of
-- the output (-1: none), and how each counter stands.
local id, edge, hash = ARGV[4], ARGV[5], ARGV[6]
local requests, bound, likely, declared, longest, p95, dry, under_way = struct.unpack('<dddddddd', ARGV[7])
local has_output = longest ~= 0

-- What was dispatched before its hold was lost finds room for all that can be asked for.
local function RoomFor(c) return under_way == 1 and 8999999999999999 or Room(c) end

local function AtLeastOne(input) return has_output and input or max(1, input) end
local function LearnedOr(otherwise) return p95 >= 0 and max(1, p95) or otherwise end
local function AtMost(limit, value) return limit >= 0 and min(limit, value) or value end

local function OutputWanted(room)
  if not has_output then return 0 end
  if declared >= 0 then return max(1, declared) end
  if longest >= 0 and longest * 4 <= room then return longest end
  return AtMost(longest, max(256, LearnedOr(0)))
end

local function OfferRequests(c)
  if requests == 0 then return {fits = true, input = 0, output = 0, wanted = 0} end
  return {fits = RoomFor(c) >= requests, input = requests, output = 0, wanted = 0}
end

local function OfferStrict(c)
  local least = has_output and 1 or 0
  local room, input = RoomFor(c), AtLeastOne(bound)
  if under_way == 0 and Used(c) <= 0 and c.h == 0 and room - input < least then input = AtLeastOne(likely) end
  room = room - input
  local wanted = OutputWanted(room)
  local need = min(wanted, LearnedOr(16))
  return {fits = room >= need or (c.h == 0 and room >= least), input = input,
    output = min(wanted, room), wanted = wanted}
end

local function OfferAdaptive(c, covered)
  local wanted = AtMost(declared, AtMost(longest, LearnedOr(256)))
  return {fits = RoomFor(c) > 0, input = AtLeastOne(likely),
    output = covered and min(covered, wanted) or wanted, wanted = wanted}
end

local function IsStrictTokens(match)
  return match.counter.r == 0 and match.enforcement == STRICT
end

-- false: refused. Sets the offer of each match; the output that strict limits cover, what the least
-- of them was asked for.
local function Weigh(matches)
  local covered, wanted
  local fits = true
  local function WeighOne(match, offer)
    match.offer = offer
    if match.enforcement == OBSERVE then return end
    if match.counter.n == 0 and under_way == 0 and offer.input + offer.wanted > 0 then offer.fits = false end
    if not offer.fits then
      fits = false
    elseif IsStrictTokens(match) then
      wanted = covered and min(wanted, offer.wanted) or offer.wanted
      covered = covered and min(covered, offer.output) or offer.output
    end
  end
  for _, match in ipairs(matches) do
    if IsStrictTokens(match) then WeighOne(match, OfferStrict(match.counter)) end
  end
  for _, match in ipairs(matches) do
    if match.counter.r == 1 then
      WeighOne(match, OfferRequests(match.counter))
    elseif match.enforcement ~= STRICT then
      WeighOne(match, OfferAdaptive(match.counter, covered))
    end
  end
  return fits, covered, wanted
end

local function Known()
  local text = call('HGET', K_HOLDS, id)
  if text then
    local hold = cmsgpack.unpack(text)
    return hold[1], hold[2], hold[3]
  end
  text = call('HGET', K_ENDED, id)
  if not text then return nil end
  local ended = UnpackEnded(text)
  return ended.hash, ended.held, ended.cap
end

local function Answer(kind, held, cap, matches)
  local reply = {0, now, epoch, changes, kind, held, cap}
  for _, match in ipairs(matches) do Tell(reply, match.counter) end
  return reply
end

local function MakeHold(matches, held, cap, output_covered, covered)
  local hold = {hash, held, cap, output_covered, requests, now, epoch, edge, 0, 0}
  local stored = {}
  for _, match in ipairs(matches) do
    local c = match.counter
    local output = IsStrictTokens(match) and covered or match.offer.output
    local amount = match.offer.input + output
    -- Nothing to hold, nothing to settle: a further attempt costs no request.
    if not (c.r == 1 and amount == 0) then
      Hold(c, amount)
      c.o = c.o + 1
      stored[#stored + 1], stored[#stored + 2] = match.field, Pack(c)
      local n = #hold
      hold[n + 1], hold[n + 2] = match.field, match.enforcement == STRICT and 1 or 0
      hold[n + 3], hold[n + 4], hold[n + 5], hold[n + 6] = amount, output, 0, c.z
    end
  end
  if #stored > 0 then call('HSET', K_COUNTERS, unpack(stored)) end
  call('HSET', K_HOLDS, id, cmsgpack.pack(hold))
  call('ZADD', K_DUE, now, id)
  call('HINCRBY', K_EDGES, 'o' .. edge, 1)
end

if not Begin() then return Lost() end
if under_way == 0 and IsListening() then return Listening() end
local matches = Matches(8)
local known, known_held, known_cap = Known()
if known then
  if known ~= hash then return Answer(3, 0, -1, matches) end
  return Answer(2, known_held, known_cap, matches)
end
local fits, covered, wanted = Weigh(matches)
if not fits then return Answer(4, 0, -1, matches) end

local held, most_output, cap, reduced = 0, 0, -1, false
for _, match in ipairs(matches) do
  if match.counter.r == 0 then
    local output = IsStrictTokens(match) and covered or match.offer.output
    held = max(held, match.offer.input + output)
    most_output = max(most_output, output)
  end
end
if covered then
  most_output = covered
  if has_output then
    reduced = covered < wanted
    if declared < 0 or covered < declared then cap = covered end
  end
end
if dry == 0 then
  MakeHold(matches, held, cap, most_output, covered)
  Commit()
end
return Answer(reduced and 1 or 0, held, cap, matches)

-- Holds a share of all limits for an edge. 4 id, 5 edge, 6 what is wanted of requests, strict and
-- adaptive tokens, the least of each, and whether it may take all; matches from 7 on. -> 0 granted, 1
-- no room, 2 ended; what is granted of each, and how each counter stands.
local id, edge = ARGV[4], ARGV[5]
local wanted, least, all = {}, {}, false
wanted[1], wanted[2], wanted[3], least[1], least[2], least[3], all = struct.unpack('<ddddddd', ARGV[6])
-- The most that an amount may be: no limit counts it.
local ENDLESS, SHARE = 9000000000000000, 10

local function KindOf(match)
  if match.counter.r == 1 then return 1 end
  return match.enforcement == STRICT and 2 or 3
end

local function Answer(kind, granted, matches)
  local reply = {0, now, epoch, changes, kind, granted[1], granted[2], granted[3]}
  for _, match in ipairs(matches) do Tell(reply, match.counter) end
  return reply
end

local function ShareOut(matches)
  local granted = {ENDLESS, ENDLESS, ENDLESS}
  for _, match in ipairs(matches) do
    if match.enforcement ~= OBSERVE then
      local c, kind = match.counter, KindOf(match)
      local room = Room(c)
      local share = all == 1 and room or min(floor(room / SHARE), floor((room - c.h) / 2))
      granted[kind] = min(granted[kind], wanted[kind], share)
      if wanted[kind] > 0 and granted[kind] < max(1, least[kind]) then return nil end
      granted[kind] = max(0, granted[kind])
    end
  end
  return granted
end

local function MakeLease(matches, granted)
  -- No Reserve has this hash: its answer is not a lease.
  local hold = {string.rep('\0', 8), granted[2], granted[3], 0, granted[1], now, epoch, edge, 0, 0}
  local stored = {}
  for _, match in ipairs(matches) do
    if match.enforcement ~= OBSERVE then
      local c, amount = match.counter, granted[KindOf(match)]
      Hold(c, amount)
      c.o = c.o + 1
      stored[#stored + 1], stored[#stored + 2] = match.field, Pack(c)
      local n = #hold
      hold[n + 1], hold[n + 2] = match.field, match.enforcement == STRICT and 1 or 0
      hold[n + 3], hold[n + 4], hold[n + 5], hold[n + 6] = amount, 0, 0, c.z
    end
  end
  if #stored > 0 then call('HSET', K_COUNTERS, unpack(stored)) end
  call('HSET', K_HOLDS, id, cmsgpack.pack(hold))
  call('ZADD', K_DUE, now, id)
  call('HINCRBY', K_EDGES, 'o' .. edge, 1)
end

if not Begin() then return Lost() end
if IsListening() then return Listening() end
local matches = Matches(7)
local text = call('HGET', K_HOLDS, id)
if text then
  local hold = cmsgpack.unpack(text)
  if hold[9] > 0 then return Answer(2, {0, 0, 0}, matches) end
  return Answer(0, {hold[5], hold[2], hold[3]}, matches)
end
if call('HEXISTS', K_ENDED, id) == 1 then return Answer(2, {0, 0, 0}, matches) end
local granted = ShareOut(matches)
if not granted then return Answer(1, {0, 0, 0}, matches) end
MakeLease(matches, granted)
Commit()
return Answer(0, granted, matches)

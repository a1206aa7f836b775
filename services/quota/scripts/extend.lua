-- Raises what an open hold covers. 4 id, 5 output wanted. -> 0 covered and the output, 1 no hold,
-- 2 exhausted, with the field and the rule of the limit that is, and how its counter stands.
local id, wanted = ARGV[4], struct.unpack('<d', ARGV[5])

if not Begin() then return Lost() end
if IsListening() then return Listening() end
local text = call('HGET', K_HOLDS, id)
local hold = text and cmsgpack.unpack(text)
if not hold or hold[9] > 0 then return {0, now, epoch, changes, 1} end
local more = wanted - hold[4]
if more <= 0 then return {0, now, epoch, changes, 0, hold[4]} end

local counters, fields = CountersOf(hold)
local narrowest, least
for i = 1, #fields do
  local c, part = counters[i], PARTS + (i - 1) * PART
  if c and c.r == 0 and hold[part + 1] == 1 then
    local room = Room(c)
    if not least or room < least then narrowest, least = i, room end
  end
end
if least and least <= 0 then
  local c = counters[narrowest]
  local reply = {0, now, epoch, changes, 2, 0, fields[narrowest],
    c.k, c.r, c.n, c.p, c.c, c.v, c.x}
  Tell(reply, c)
  return reply
end
if least then more = min(more, least) end
hold[4] = hold[4] + more
for i = 1, #fields do
  local c, part = counters[i], PARTS + (i - 1) * PART
  local missing = c and c.r == 0 and hold[4] - hold[part + 3] or 0
  if missing > 0 and hold[part + 1] == 0 then missing = min(missing, Room(c)) end
  if missing > 0 then
    Hold(c, missing)
    hold[part + 2], hold[part + 3] = hold[part + 2] + missing, hold[part + 3] + missing
  else
    -- Looking at a bucket refilled it here; only who takes from it may keep that.
    counters[i] = false
  end
end
StoreCounters(counters, fields)
Flush()
call('HSET', K_HOLDS, id, cmsgpack.pack(hold))
Commit()
return {0, now, epoch, changes, 0, hold[4]}

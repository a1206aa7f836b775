-- Ends holds whose time is over. 4 how many at most, 5 counters to look at. -> how many; until when there are none (0: none
-- is open).
local most = tonumber(ARGV[4])

-- Since when nothing was heard of it. What a rebuild found here is not kept alive: its edge may have
-- settled it long ago, and tells of it anew if not.
local function HeardAt(hold)
  if hold[7] ~= epoch then return hold[6] end
  return max(hold[6], tonumber(call('HGET', K_EDGES, 'r' .. hold[8]) or 0))
end

-- The open hold that is due first; it may stand further ahead than it should, since renewing an edge
-- touches none of its holds.
local function First(looks)
  for _ = 1, looks do
    local first = call('ZRANGE', K_DUE, 0, 0, 'WITHSCORES')
    if #first == 0 then return nil end
    local id, at = first[1], tonumber(first[2])
    local text = call('HGET', K_HOLDS, id)
    if not text then
      call('ZREM', K_DUE, id)
    else
      local hold = cmsgpack.unpack(text)
      local heard = HeardAt(hold)
      if heard <= at then return at + ttl, id, hold end
      call('ZADD', K_DUE, heard, id)
    end
  end
  local first = call('ZRANGE', K_DUE, 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2]) + ttl
end

local function Lapse(id, hold)
  local counters, fields = CountersOf(hold)
  for i = 1, #fields do
    local c, part = counters[i], PARTS + (i - 1) * PART
    -- A strict or request limit takes a silent edge's holds as spent.
    hold[part + 4] = hold[part + 1] == 1 and hold[part + 2] or 0
    if c then SettleCounter(c, hold[part + 2], hold[part + 4]) end
  end
  StoreCounters(counters, fields)
  hold[9], hold[10] = now, epoch
  call('ZREM', K_DUE, id)
  EdgeLosesOne(hold[8])
  call('HSET', K_HOLDS, id, cmsgpack.pack(hold))
  call('RPUSH', K_LAPSED, struct.pack('<d', now) .. id)
end

-- What was assumed stays where the truth never comes.
local function RemoveStale(looks)
  local size = call('LLEN', K_LAPSED)
  for _ = 1, looks do
    if size == 0 then return end
    local first = call('LINDEX', K_LAPSED, 0)
    if size <= most_lapsed and now - struct.unpack('<d', first) < keep_lapsed then return end
    call('LPOP', K_LAPSED)
    size = size - 1
    local id = string.sub(first, 9)
    local text = call('HGET', K_HOLDS, id)
    local hold = text and cmsgpack.unpack(text)
    if hold and hold[9] > 0 then
      local counters, fields = CountersOf(hold)
      for _, c in pairs(counters) do
        if c then c.o = c.o - 1 end
      end
      StoreCounters(counters, fields)
      RemoveHold(id, hold)
    end
  end
end

-- A new one would do as well.
local function IsIdle(c)
  if c.o > 0 or c.h ~= 0 then return false end
  if c.k == BUCKET then return Used(c) <= 0 end
  return not IsCurrent(c)
end

-- A few counters at a time, round and round.
local function DropIdle()
  if ARGV[5] == '0' then return end
  local cursor = call('HGET', K_META, 'i') or '0'
  local found = call('HSCAN', K_COUNTERS, cursor, 'COUNT', ARGV[5])
  local idle = {}
  for i = 1, min(#found[2], 1024), 2 do
    if IsIdle(Unpack(found[2][i + 1])) then idle[#idle + 1] = found[2][i] end
  end
  if #idle > 0 then call('HDEL', K_COUNTERS, unpack(idle)) end
  call('HSET', K_META, 'i', found[1])
end

if not Begin() then return Lost() end
Forget(64)
RemoveStale(most)
local ended = 0
local due, id, hold = First(64)
while id and due <= now and ended < most do
  Lapse(id, hold)
  ended = ended + 1
  due, id, hold = First(64)
end
Flush()
DropIdle()
Commit()
return {0, now, epoch, changes, ended, due or 0}

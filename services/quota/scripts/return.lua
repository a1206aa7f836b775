-- Lowers what leases hold. From 4 on of each its id, and what stays at most of requests, strict and
-- adaptive tokens. -> how many there were.
local found = 0

local function End(id, hold)
  if hold then
    EndAndRemember(id, hold, 0, 0, 0)
  elseif not remembered[id] and call('HEXISTS', K_ENDED, id) == 0 then
    -- Its Lease may be on the way still.
    Remember(id, {hash = string.rep('\0', 8), requests = 0, tokens = 0, at = now, held = 0, cap = -1,
      seq = 0})
  end
end

local function Lower(id, hold, keep)
  -- What is left of each part: held, or after it lapsed what was assumed.
  local left = hold[9] > 0 and 4 or 2
  local counters, fields = CountersOf(hold)
  for i = 1, #fields do
    local c, part = counters[i], PARTS + (i - 1) * PART
    if c then
      local most = c.r == 1 and keep[1] or keep[hold[part + 1] == 1 and 2 or 3]
      local kept = min(hold[part + left], most)
      if hold[9] == 0 then
        SettleCounter(c, hold[part + 2] - kept, 0)
      elseif hold[10] == epoch then
        CorrectCounter(c, hold[9], hold[part + 4], kept)
      end
      hold[part + left] = kept
    end
  end
  StoreCounters(counters, fields)
  call('HSET', K_HOLDS, id, cmsgpack.pack(hold))
end

if not Begin() then return Lost() end
for i = 4, #ARGV, 2 do
  local id, keep = ARGV[i], {}
  keep[1], keep[2], keep[3] = struct.unpack('<ddd', ARGV[i + 1])
  local text = call('HGET', K_HOLDS, id)
  local hold = text and cmsgpack.unpack(text)
  if hold then found = found + 1 end
  if keep[1] + keep[2] + keep[3] == 0 then
    End(id, hold)
  elseif hold then
    Lower(id, hold, keep)
  end
end
FlushEnded()
Commit()
return {0, now, epoch, changes, found}

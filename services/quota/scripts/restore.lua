-- Sets the use of counters. 4 the epoch that shall be replaced, or '' where it stays; 5 '1' with the
-- last counters: only then is the store relied on again; 6 for how long edges are listened to then;
-- 7 the mark of the loss (base.lua), the run id where counters were there and are replaced; from 8 on
-- field, rule, and the rest of each: use, start of the window, since when the limit counts, first such
-- moment. -> whether it was done.
local replaced, is_last, mark = tonumber(ARGV[4]), ARGV[5] == '1', ARGV[7]

-- Else somebody else did it, or all was lost once more.
local function IsTheSameLoss(relied_on)
  return epoch == replaced and ((relied_on and mark == ARGV[1]) or call('HGET', K_META, 'b') == mark)
end

local relied_on = Begin()
if replaced and not IsTheSameLoss(relied_on) then return {0, now, epoch, changes, 0} end
if (replaced or not relied_on) and is_last then
  epoch = max(epoch + 1, now)
  call('HSET', K_META, 'e', epoch, 'g', ARGV[1], 'l', now + tonumber(ARGV[6]))
  call('HDEL', K_META, 'b')
elseif replaced then
  call('HSET', K_META, 'e', epoch, 'g', '', 'b', mark)
end
for i = 8, #ARGV, 3 do
  local used, start, since, first = struct.unpack('<dddd', ARGV[i + 2])
  Load({ARGV[i]})
  local c = Follow(known[ARGV[i]], ARGV[i + 1], since, first)
  if c.k == BUCKET then
    c.s, c.u, c.f = now, max(0, used + c.h), 0
  else
    c.s, c.u = start, used
  end
  Touch(ARGV[i], c)
end
Flush()
Commit()
return {0, now, epoch, changes, 1}

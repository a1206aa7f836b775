-- An edge says that these holds are open: what a rebuild found of them is kept alive again. Ids from
-- 4 on. -> those, by number from 0, that are not here.
if not Begin() then return Lost() end
local reply = {0, now, epoch, changes}
local is_changed = false
for i = 4, #ARGV do
  local text = call('HGET', K_HOLDS, ARGV[i])
  local hold = text and cmsgpack.unpack(text)
  if not hold or hold[9] > 0 then
    reply[#reply + 1] = i - 4
  elseif hold[7] ~= epoch then
    hold[7] = epoch
    call('HSET', K_HOLDS, ARGV[i], cmsgpack.pack(hold))
    is_changed = true
  end
end
if is_changed then Commit() end
return reply

-- Ends a hold of which nothing was spent. 4 id, 5 '1' where the request stays counted. -> whether
-- there was one.
local id = ARGV[4]

if not Begin() then return Lost() end
local text = call('HGET', K_HOLDS, id)
if not text then return {0, now, epoch, changes, 0} end
local hold = cmsgpack.unpack(text)
Commit()
EndAndRemember(id, hold, 0, ARGV[5] == '1' and hold[5] or 0, 0)
FlushEnded()
return {0, now, epoch, changes, 1}

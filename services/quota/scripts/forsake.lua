-- An edge is gone. 4 its name, 5 where the search goes on, 6 how many holds are looked at. -> where it
-- goes on next ('0': it is over), and how many ended.
local edge = ARGV[4]

if not Begin() then return Lost() end
local found = call('HSCAN', K_HOLDS, ARGV[5], 'COUNT', ARGV[6])
local ended = 0
for i = 1, #found[2], 2 do
  local hold = cmsgpack.unpack(found[2][i + 1])
  if hold[8] == edge then
    EndAndRemember(found[2][i], hold, 0, 0, 0)
    ended = ended + 1
  end
end
if ended > 0 then
  FlushEnded()
  Commit()
end
return {0, now, epoch, changes, found[1], ended}

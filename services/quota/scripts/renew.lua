-- An edge is alive. 4 its name. -> its open holds.
local edge = ARGV[4]

if not Begin() then return Lost() end
local open = tonumber(call('HGET', K_EDGES, 'o' .. edge) or 0)
if open > 0 then
  call('HSET', K_EDGES, 'r' .. edge, now)
  Commit()
end
return {0, now, epoch, changes, open}

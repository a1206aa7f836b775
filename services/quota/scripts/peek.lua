-- How the counters of the matches, from 4 on, stand.
if not Begin() then return Lost() end
local reply = {0, now, epoch, changes}
for _, match in ipairs(Matches(4)) do Tell(reply, match.counter) end
return reply

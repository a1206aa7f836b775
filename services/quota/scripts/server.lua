-- Since when this server is relied on: a failover, a restart and a flush begin it anew. 1 its run id.
-- -> that moment, and for how long: microseconds, 0 just now.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('HMGET', KEYS[1], 'g', 't')
if known[1] == ARGV[1] then return {tonumber(known[2]), math.max(1, now - known[2])} end
redis.call('HSET', KEYS[1], 'g', ARGV[1], 't', now)
return {now, 0}

-- An index of what has holds: keys without a slot in common with them. 1 the index; 1 the member.
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], 30 * 86400)
return 1

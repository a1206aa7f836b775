-- Takes a member out of an index that nobody has announced for some seconds. 1 the index; 1 the
-- member, 2 how many.
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at and redis.call('TIME')[1] - at > tonumber(ARGV[2]) then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0

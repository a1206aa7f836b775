-- Holds. A record is an array: 1 hash of the body, 2 tokens and 3 cap of the answer (-1: none),
-- 4 output covered, 5 requests, 6 when made, 7 epoch, 8 edge, 9 when lapsed (0: open), 10 epoch of
-- that; then of each part: field of the counter, 1 where it is strict, amount, output of it, posted,
-- and since when the limit counted.
local PARTS, PART = 11, 6

-- The counters of a hold's parts, in order; false: the limit is gone, or was made again.
local function CountersOf(hold)
  local fields, counters = {}, {}
  for i = PARTS, #hold, PART do fields[#fields + 1] = hold[i] end
  if #fields == 0 then return counters, fields end
  Load(fields)
  for i, field in ipairs(fields) do
    local c = known[field]
    counters[i] = c and c.z == hold[PARTS + (i - 1) * PART + 5] and c or false
  end
  return counters, fields
end

local function StoreCounters(counters, fields)
  for i, field in ipairs(fields) do
    if counters[i] then Touch(field, counters[i]) end
  end
end

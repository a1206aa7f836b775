-- wrk's script: wrk ... URL -- BODY_FILE [PICKS_FILE]
--
-- PICKS_FILE has a key a line, in the order in which they call; without it nobody shows a key. All
-- requests are made before the first is sent; where the body leaves the subject open, each gets
-- one of its own then.

local SUBJECT = "#" .. string.rep(" ", 81) .. "#"
local WORDS = {}
for word in ([[
  anchor basket candle dragon engine fabric garden hammer island jacket kernel ladder magnet
  needle orange pencil rabbit saddle tunnel valley walnut yellow zipper bridge carpet desert
  forest guitar harbor kettle lizard mirror nickel oyster pepper quartz rocket silver temple
  violin window button cotton dinner falcon goblet helmet jungle kitten locket marble napkin
  onions pillow ribbon spider timber velvet winter butter canyon donkey fridge pirate
]]):gmatch("%a+") do WORDS[#WORDS + 1] = word end

-- About something that no other request is about, of the same length: twelve words of six letters.
local function varied(request, from)
  local subject = {}
  for i = 1, 12 do subject[i] = WORDS[math.random(#WORDS)] end
  return request:sub(1, from - 1) .. table.concat(subject, " ") ..
         request:sub(from + #SUBJECT)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function by_picks(path)
  local made, order = {}, {}
  for key in io.lines(path) do
    if not made[key] then
      wrk.headers["Authorization"] = "Bearer " .. key
      made[key] = wrk.format()
    end
    order[#order + 1] = made[key]
  end
  local at, count = 0, #order
  local varies = wrk.body:find(SUBJECT, 1, true)
  return function()
    at = at % count + 1
    local request = order[at]
    return varies and varied(request, request:find(SUBJECT, 1, true)) or request
  end
end

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = read(args[1])
  math.randomseed(os.time())
  if args[2] then request = by_picks(args[2]) end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "bytes": %d, "p50_us": %d, "p99_us": %d, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50),
    latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

-- wrk's script: wrk ... URL -- BODY_FILE [PICKS_FILE]
--
-- PICKS_FILE has a key a line, in the order in which they call; without it nobody shows a key. All
-- requests are made before the first is sent.

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
  return function()
    at = at % count + 1
    return order[at]
  end
end

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = read(args[1])
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

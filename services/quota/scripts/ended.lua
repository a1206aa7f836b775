-- Attempts that ended. hash of the body (8 bytes), then requests and tokens posted, when, tokens and
-- cap of the answer, highest seq, and since when it is kept.
local ENDED = '<c8ddddddd'

local function PackEnded(r)
  return struct.pack(ENDED, r.hash, r.requests, r.tokens, r.at, r.held, r.cap, r.seq, r.kept)
end

local function UnpackEnded(text)
  local r = {}
  r.hash, r.requests, r.tokens, r.at, r.held, r.cap, r.seq, r.kept = struct.unpack(ENDED, text)
  return r
end

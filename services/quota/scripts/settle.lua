-- Posts what was spent. 4 id, 5 seq, tokens, requests, whether the ledger was asked, and what it
-- said: seq, tokens, requests, when; matches from 6 on. -> 0 applied, 1 repeated, 2 unknown; the cap
-- of the output (-1: none).
local id = ARGV[4]
local seq, tokens, requests, asked, prior_seq, prior_tokens, prior_requests, prior_at =
  struct.unpack('<dddddddd', ARGV[5])

local function Answer(kind, cap) return {0, now, epoch, changes, kind, cap} end

-- Puts the truth in the place of what was posted for the attempt.
local function Correct(posted_tokens, posted_requests, at)
  local stored = {}
  for _, match in ipairs(Matches(6)) do
    local c = match.counter
    local posted = c.r == 1 and posted_requests or posted_tokens
    local actual = c.r == 1 and requests or tokens
    -- Nothing of it was posted to a limit that is younger.
    local is_younger = posted ~= 0 and match.since > at
    if posted ~= actual and not is_younger then
      CorrectCounter(c, at, posted, actual)
      stored[#stored + 1], stored[#stored + 2] = match.field, Pack(c)
    end
  end
  if #stored > 0 then call('HSET', K_COUNTERS, unpack(stored)) end
end

local function SettleEnded(ended)
  if seq <= ended.seq then
    -- Somebody still asks for it. Not each time: the list would fill with copies.
    if now - ended.kept >= keep / 2 then
      Commit()
      Remember(id, ended)
    end
    return Answer(1, ended.cap)
  end
  Correct(ended.tokens, ended.requests, ended.at)
  if ended.seq == 0 then ended.at = now end
  ended.tokens, ended.requests, ended.seq = tokens, requests, seq
  call('HSET', K_ENDED, id, PackEnded(ended))
  Commit()
  return Answer(0, ended.cap)
end

local function SettleUnknown()
  if seq <= prior_seq then return Answer(1, -1) end
  local at = prior_seq == 0 and now or prior_at
  Correct(prior_tokens, prior_requests, at)
  Commit()
  Remember(id, {hash = string.rep('\0', 8), requests = requests, tokens = tokens, at = at,
    held = 0, cap = -1, seq = seq})
  return Answer(0, -1)
end

if not Begin() then return Lost() end
local text = call('HGET', K_HOLDS, id)
local hold = text and cmsgpack.unpack(text)
if hold and not IsDoubtful(hold) then
  local cap = hold[3] >= 0 and max(hold[3], hold[4]) or -1
  Commit()
  EndAndRemember(id, hold, tokens, requests, seq)
  return Answer(0, cap)
end
text = not hold and call('HGET', K_ENDED, id)
if text then return SettleEnded(UnpackEnded(text)) end
if asked == 0 then return Answer(2, -1) end
if hold then
  EndHold(id, hold, 0, 0)
  Commit()
end
return SettleUnknown()

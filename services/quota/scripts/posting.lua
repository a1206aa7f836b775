-- What a counter is told of what was spent.
local function CorrectBucket(c, posted, actual)
  Refill(c)
  c.u = max(0, min(MOST, c.u + (actual - posted)))
  if c.u == 0 then c.f = 0 end
end

-- Ends a hold of `held`, of which `actual` was spent.
local function SettleCounter(c, held, actual)
  c.h = c.h - held
  if c.k == BUCKET then return CorrectBucket(c, held, actual) end
  if actual == 0 then return end
  Enter(c)
  c.u = min(MOST, c.u + actual)
end

-- What was posted as `posted` at `at` was `actual` in truth.
local function CorrectCounter(c, at, posted, actual)
  if c.k == BUCKET then return CorrectBucket(c, posted, actual) end
  if actual > posted then return SettleCounter(c, 0, actual - posted) end
  if IsCurrent(c) and c.s <= at then c.u = max(0, c.u + actual - posted) end
end

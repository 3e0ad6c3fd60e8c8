-- The limiter of one integration: every process that talks to the service asks here, and each
-- question is answered atomically. Called by limiter_script.py, explained in limiter.py.
--
-- KEYS  open, blocked, plan, counters (one hash tag, so one node of a cluster)
-- ARGV  operation, tuning (JSON), question (JSON), "1" when the server did not know the script
-- Times and spans are microseconds; the clock is this server's, the only one anybody trusts.

local OPEN, BLOCKED, PLAN, COUNTERS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local DAY_MS = 86400000
local PLAN_KEPT_MS = DAY_MS -- as long as a lowered ceiling lasts; all else in it is older news
local COUNTERS_KEPT_MS = 30 * DAY_MS -- a name nobody uses any more cleans up after itself
local ROUND = 7 -- slots
local INTERACTIVE_MOST = 5 -- of any ROUND in a row while bulk waits
local BULK_LEAST = ROUND - INTERACTIVE_MOST
local SLOWED_MOST_US = 60000000 -- a slow-down of bulk ends by itself: whoever wants more says so again
local WANTED_US = 1000000 -- a bulk sender counts as waiting so long after the moment it was told

local tuning, question = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local WINDOW = tuning.window -- the service counts so many in any second
local SLOWEST = math.ceil(tuning.interval / (tuning.ceiling_least * tuning.restart_speed))
-- No slot is ever given out further ahead than this, and it takes in the step to the next one.
local REACH = math.max(tuning.interactive_ahead, tuning.lead) + 2 * SLOWEST
local MOMENTS_KEPT = 4 * WINDOW + 8 -- those ahead, a window of those behind, and what burning takes

local stored = redis.call('GET', PLAN)
local plan = stored and cmsgpack.unpack(stored) or {}
local fresh = {
  seen_at = now, -- the last question
  moments = {}, -- slots given out and not burned, ascending
  left = {}, -- those of them that interactive left to bulk
  recent = '', -- whose the last slots were, oldest first: 'i' interactive, '-' anything else
  row = 0, -- where the last slot lies in the even row; it may have been moved up to a step on
  vacant = {}, -- moments of burned slots, to be used again
  held_until = 0, -- end of a freeze or of the pause after opening
  bulk_until = 0, -- bulk counts as waiting until then
  bulk_slow_until = 0, -- end of a slow-down of bulk
  bulk_taken = {}, -- the last slots that bulk has got, as many as it may take of a round then
  background_at = now, -- the background lane's last slot
  slowed_at = 0, -- end of the last freeze, from where the speed climbs back
  strikes = 0, -- 429s in a row, for our own back-off
  struck = {}, -- moments of the 429s that may lower the ceiling
  ceiling = 1, -- share of the target that the service has shown to bear
  ceiling_until = 0,
}
for field, value in pairs(fresh) do -- nothing is stored, or by a script that did not know the field
  if plan[field] == nil then plan[field] = value end
end

local MOMENTS = { 'row', 'held_until', 'bulk_until', 'bulk_slow_until', 'background_at', 'slowed_at',
  'ceiling_until' }
local LISTS_OF_MOMENTS = { 'moments', 'left', 'vacant', 'struck', 'bulk_taken' }

local function hold(moment)
  plan.held_until = math.max(plan.held_until, moment)
  plan.left = {}
end

-- Where the clock was set back, all that is remembered moves with it, as if no time had passed:
-- left alone, it would keep everybody waiting for the time that the clock once showed.
local function move_with_the_clock()
  local back = plan.seen_at - now
  if back > 0 then
    for _, moment in ipairs(MOMENTS) do
      plan[moment] = math.max(0, plan[moment] - back)
    end
    for _, list in ipairs(LISTS_OF_MOMENTS) do
      for index, moment in ipairs(plan[list]) do
        plan[list][index] = moment - back
      end
    end
  end
  plan.seen_at = now
end

-- A server that does not know the script has just started, and may have lost its last second:
-- slots that it no longer remembers can still be sent, so the next one lies behind all of them.
local function settle_after_restart()
  if ARGV[4] == '1' and redis.call('EXISTS', OPEN) == 1 then
    hold(now + REACH)
  end
end

local function ceiling()
  return plan.ceiling_until > now and plan.ceiling or 1
end

local function speed()
  if plan.slowed_at == 0 then
    return 1
  end
  local clean = math.max(0, math.floor((now - plan.slowed_at) / tuning.ramp_every))
  return math.min(1, tuning.restart_speed + tuning.ramp_step * clean)
end

move_with_the_clock()
settle_after_restart()
local interval = math.ceil(tuning.interval / (ceiling() * speed()))
local CLOSEST = math.floor(interval / 4) -- two slots are never nearer, whatever was burned

local function count(counter, amount)
  redis.call('HINCRBY', COUNTERS, counter, math.floor(amount or 1))
  redis.call('PEXPIRE', COUNTERS, COUNTERS_KEPT_MS)
end

local function digits(number) -- cjson would round a moment to 14 digits
  return string.format('%.0f', number)
end

-- The row of slots -------------------------------------------------------------------------------

local function last_moment()
  return plan.moments[#plan.moments] or 0
end

local function place_of(moment)
  local place = #plan.moments + 1
  while place > 1 and plan.moments[place - 1] > moment do
    place = place - 1
  end
  return place
end

-- Whether a window and one more slot, wherever they contain `moment`, span what an even row would.
local function fits(moment)
  local place = place_of(moment)
  local function slot(index)
    return index == place and moment or plan.moments[index < place and index or index - 1]
  end
  for first = math.max(1, place - WINDOW), place do
    local last = slot(first + WINDOW)
    if last and last - slot(first) < WINDOW * interval then
      return false
    end
  end
  return true
end

local function clear_of_neighbours(moment)
  for place = place_of(moment), #plan.moments do
    moment = math.max(moment, (plan.moments[place - 1] or 0) + CLOSEST)
    if moment + CLOSEST <= plan.moments[place] then
      return moment
    end
  end
  moment = math.max(moment, last_moment() + CLOSEST)
  return moment + CLOSEST <= plan.row + interval and moment or nil -- beyond, the row goes on anyway
end

-- The time of a burned slot, moved on as little as may be.
local function next_vacant()
  while plan.vacant[1] do
    local moment = clear_of_neighbours(math.max(plan.vacant[1], now + tuning.lead, plan.held_until))
    if moment and fits(moment) then
      return moment
    end
    table.remove(plan.vacant, 1)
  end
end

-- The end of the row, and its even place. It lies behind that only where a window began late with a
-- slot that was moved on; then the slots behind it come closer until the row is even again.
local function next_in_row()
  local even = math.max(plan.row + interval, now + tuning.lead, plan.held_until)
  local window_began = plan.moments[#plan.moments - WINDOW + 1] or 0
  return math.max(even, window_began + WINDOW * interval, last_moment() + CLOSEST), even
end

local function next_free()
  return next_vacant() or (next_in_row())
end

local function take_next(mark)
  local moment = next_vacant()
  if moment then
    table.remove(plan.vacant, 1)
  else
    local even
    moment, even = next_in_row()
    plan.row = math.max(even, moment - interval)
  end
  table.insert(plan.moments, place_of(moment), moment)
  if #plan.moments > MOMENTS_KEPT then
    table.remove(plan.moments, 1)
  end
  plan.recent = string.sub(plan.recent .. mark, 1 - ROUND)
  return moment
end

local function give_back(moment)
  for place = #plan.moments, 1, -1 do
    if plan.moments[place] == moment then
      table.remove(plan.moments, place)
      table.insert(plan.vacant, moment)
      table.sort(plan.vacant)
      return
    end
  end
end

-- Reserving --------------------------------------------------------------------------------------

local function granted(moment)
  count('granted:' .. question.lane)
  count('waited:' .. question.lane, question.waited + moment - now)
  return { status = 'granted', moment = digits(moment) }
end

local function refused(wait)
  count('refused:' .. question.lane)
  return { status = 'refused', wait = wait }
end

local function come_back(wait)
  if wait > question.patience then
    return refused(wait)
  end
  return { status = 'wait', wait = wait }
end

-- How many slots interactive has to leave to bulk before it may take one itself.
local function owed_to_bulk()
  if plan.bulk_until < now then
    return 0
  end
  local recent, owed = plan.recent, 0
  while select(2, string.gsub(recent, 'i', 'i')) >= INTERACTIVE_MOST do
    recent = string.sub(recent .. '-', 1 - ROUND)
    owed = owed + 1
  end
  return owed
end

local function reserve_interactive()
  local owed = owed_to_bulk()
  local too_far = next_free() + owed * interval - now - tuning.interactive_ahead
  if too_far > 0 then
    return refused(too_far)
  end
  for _ = 1, owed do
    table.insert(plan.left, take_next('-'))
  end
  return granted(take_next('i'))
end

-- Slowed down, bulk takes of any ROUND no more than interactive leaves it at the least.
local function bulk_rests_until()
  if plan.bulk_slow_until <= now or #plan.bulk_taken < BULK_LEAST then return 0 end
  return plan.bulk_taken[1] + ROUND * interval - tuning.lead
end

local function reserve_bulk()
  while plan.left[1] and plan.left[1] < now + tuning.lead do
    give_back(table.remove(plan.left, 1))
  end
  local moment = plan.left[1] or next_free()
  local nearest = moment - math.max(interval, tuning.lead) -- one slot ahead, or the nearest
  local wait = math.max(nearest, bulk_rests_until()) - now
  plan.bulk_until = math.max(now, now + wait) + WANTED_US
  if wait > 0 then
    return come_back(wait)
  end
  moment = table.remove(plan.left, 1) or take_next('-')
  table.insert(plan.bulk_taken, moment)
  if #plan.bulk_taken > BULK_LEAST then table.remove(plan.bulk_taken, 1) end
  return granted(moment)
end

local function reserve_background()
  local moment = next_free()
  local rested = plan.background_at + tuning.background_gap
  local unwanted = math.max(plan.bulk_until, moment - tuning.lead)
  local starved = plan.background_at + tuning.background_starved
  -- Then one slot further ahead than interactive may look, which could fill the row for ever.
  local urgent = math.max(starved, moment - interval - tuning.interactive_ahead)
  local wait = math.min(math.max(rested, unwanted), urgent) - now
  if wait > 0 then
    return come_back(wait)
  end
  plan.background_at = now
  return granted(take_next('-'))
end

-- Operations -------------------------------------------------------------------------------------

local operations = {}

function operations.reserve()
  if redis.call('EXISTS', OPEN) == 0 then
    return { status = 'closed', reason = redis.call('GET', BLOCKED) or nil }
  end
  if question.lane == 'interactive' then
    return reserve_interactive()
  end
  if question.lane == 'bulk' then
    return reserve_bulk()
  end
  return reserve_background()
end

function operations.burn()
  count('burned')
  give_back(tonumber(question.moment))
  return { status = 'done' }
end

local function lower_ceiling()
  local lowered = math.max(tuning.ceiling_least, ceiling() - tuning.ceiling_step)
  plan.ceiling, plan.ceiling_until = lowered, now + tuning.ceiling_kept
  plan.struck = {}
end

local function strike()
  if now - plan.slowed_at > tuning.strike_window then
    plan.strikes = 0
  end
  plan.strikes = plan.strikes + 1
  table.insert(plan.struck, now)
  while now - plan.struck[1] > tuning.strike_window do
    table.remove(plan.struck, 1)
  end
  if #plan.struck >= tuning.strikes_to_lower then
    lower_ceiling()
  end
end

local function own_back_off()
  local doubled = tuning.backoff_first * 2 ^ (plan.strikes - 1)
  return math.min(doubled, tuning.backoff_most) * (1 + question.jitter)
end

function operations.slow_down()
  count('rate_limited')
  local told = question.retry_after
  if now >= plan.slowed_at then
    strike()
    told = told or own_back_off()
  end -- else the same event told by another request in flight: it cannot double the back-off
  if told then
    local freeze = math.min(math.max(told, tuning.freeze_least), tuning.freeze_most)
    plan.slowed_at = math.max(plan.slowed_at, math.ceil(now + freeze))
    hold(plan.slowed_at)
  end
  return { status = 'done' }
end

function operations.slow_bulk()
  plan.bulk_slow_until = now + math.min(question.seconds, SLOWED_MOST_US)
  return { status = 'done' }
end

function operations.close()
  redis.call('DEL', OPEN)
  redis.call('SET', BLOCKED, question.reason)
  return { status = 'done' }
end

function operations.open()
  redis.call('DEL', BLOCKED)
  redis.call('SET', OPEN, digits(now))
  hold(now + math.min(question.after, tuning.freeze_most))
  return { status = 'done' }
end

function operations.ensure_open()
  if redis.call('EXISTS', OPEN, BLOCKED) == 0 then
    redis.call('SET', OPEN, digits(now))
    hold(now + REACH)
  end
  return { status = 'done' }
end

function operations.state()
  local counters, flat = {}, redis.call('HGETALL', COUNTERS)
  for index = 1, #flat, 2 do
    counters[flat[index]] = tonumber(flat[index + 1])
  end
  local ahead = 0
  for _, moment in ipairs(plan.moments) do
    ahead = ahead + (moment > now and 1 or 0)
  end
  return {
    open = redis.call('EXISTS', OPEN) == 1,
    blocked = redis.call('GET', BLOCKED) or nil,
    frozen = math.max(0, plan.slowed_at - now),
    bulk_slowed = math.max(0, plan.bulk_slow_until - now),
    ahead = ahead,
    speed = speed(),
    ceiling = ceiling(),
    counters = counters,
  }
end

local answer = operations[ARGV[1]]()
redis.call('SET', PLAN, cmsgpack.pack(plan), 'PX', PLAN_KEPT_MS)
answer.now = digits(now)
return cjson.encode(answer)

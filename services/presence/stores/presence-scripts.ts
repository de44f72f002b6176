/**
 * What Redis runs for the presence store.
 *
 * A user's devices are the fields of one hash, each `away heardAt onlineAt`; which were heard of when stands in one sorted
 * set, members `user device`. Both end by themselves when nobody writes to them: then the time of all in them is over.
 */

/** `ARGV[1]`: the time now, or empty: Redis' own. `ARGV[2]`: how long news of a device are good. */
const shared = `
local clock = redis.call("TIME")
local now = ARGV[1] ~= "" and tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local ttl = tonumber(ARGV[2])

local function devices_of(key)
  local devices = {}
  local fields = redis.call("HGETALL", key)
  for i = 1, #fields, 2 do
    local away, heard_at, online_at = fields[i + 1]:match("(%d) (%d+) (%d+)")
    devices[fields[i]] = { away = away == "1", heard_at = tonumber(heard_at), online_at = tonumber(online_at) }
  end
  return devices
end

local function is_there(device)
  return device.heard_at + ttl > now
end

local function standing_of(devices)
  local status, online_at = "offline", 0
  for _, device in pairs(devices) do
    if not device.away then status = "online" elseif status == "offline" then status = "away" end
    online_at = math.max(online_at, device.online_at)
  end
  return status, online_at
end
`;

/**
 * `KEYS`: the user's hash, the sorted set. `ARGV[3…]`: user, device, announcement, most devices of a user, most devices.
 * Returns status and onlineAt before and after.
 */
export const announceScript = `${shared}
local devices = devices_of(KEYS[1])
local status_before, online_before = standing_of(devices)
local user, id, news = ARGV[3], ARGV[4], ARGV[5]
local count = 0
local function forget(device)
  devices[device] = nil
  redis.call("HDEL", KEYS[1], device)
  redis.call("ZREM", KEYS[2], user .. " " .. device)
end
for device, state in pairs(devices) do
  if is_there(state) then count = count + 1 else forget(device) end
end
local known = devices[id]
if known then
  forget(id)
  count = count - 1
end
local away = news == "away" or (news == "alive" and known ~= nil and known.away)
local online_at = known and known.online_at or 0
if (known and not known.away) or (not away and news ~= "offline") then online_at = now end
local has_room = count < tonumber(ARGV[6]) and redis.call("ZCARD", KEYS[2]) < tonumber(ARGV[7])
if news ~= "offline" and has_room then
  devices[id] = { away = away, heard_at = now, online_at = online_at }
  redis.call("HSET", KEYS[1], id, string.format("%d %.0f %.0f", away and 1 or 0, now, online_at))
  redis.call("ZADD", KEYS[2], string.format("%.0f", now), user .. " " .. id)
  redis.call("PEXPIRE", KEYS[1], 2 * ttl)
  redis.call("PEXPIRE", KEYS[2], 2 * ttl)
end
local status, online_after = standing_of(devices)
return { status_before, online_before, status, math.max(online_after, online_at) }
`;

/** `KEYS`: what hashes of users begin with. `ARGV[3…]`: the users. Returns status and onlineAt of each. */
export const readScript = `${shared}
local answers = {}
for i = 3, #ARGV do
  local devices = devices_of(KEYS[1] .. ARGV[i])
  for id, device in pairs(devices) do
    if not is_there(device) then devices[id] = nil end
  end
  local status, online_at = standing_of(devices)
  answers[#answers + 1] = status
  answers[#answers + 1] = online_at
end
return answers
`;

/**
 * `KEYS`: what hashes of users begin with, the sorted set. `ARGV[3]`: most devices forgotten. Returns how many were, then
 * user, status and onlineAt before, and status after of each user whose status changed.
 */
export const expireScript = `${shared}
local gone = redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", string.format("%.0f", now - ttl), "LIMIT", 0, ARGV[3])
local users, ids_of = {}, {}
for _, member in ipairs(gone) do
  local user, id = member:match("^(%S+) (.*)$")
  if not ids_of[user] then
    users[#users + 1] = user
    ids_of[user] = {}
  end
  table.insert(ids_of[user], id)
  redis.call("ZREM", KEYS[2], member)
end
local answers = { #gone }
for _, user in ipairs(users) do
  local devices = devices_of(KEYS[1] .. user)
  local status_before, online_at = standing_of(devices)
  for _, id in ipairs(ids_of[user]) do
    devices[id] = nil
    redis.call("HDEL", KEYS[1] .. user, id)
  end
  local status = standing_of(devices)
  if status ~= status_before then
    for _, value in ipairs({ user, status_before, online_at, status }) do answers[#answers + 1] = value end
  end
end
return answers
`;

-- A bid as the seed's design decides it: one atomic script. The rules are those of proxy bidding,
-- so that the same bids are accepted here and by Gavel; everything else (soft close, reserve,
-- limits, the kept answer, the log of refusals) is left out, to this script's favour.
--
-- KEYS[1] hash of the auction   KEYS[2] hash of its nonces
-- ARGV    bidder, amount, nonce
-- Returns code (0: accepted), price, count of bids, 1 where the bidder leads.
local bidder, amount = ARGV[1], tonumber(ARGV[2])
local a = redis.call('HMGET', KEYS[1], 'price', 'max', 'leader', 'count', 'increment')
if not a[1] then return { 3000, 0, 0, 0 } end
if redis.call('HSETNX', KEYS[2], ARGV[3], amount) == 0 then return { 3001, 0, 0, 0 } end

local price, max, leader = tonumber(a[1]), tonumber(a[2]), a[3]
local count, increment = tonumber(a[4]), tonumber(a[5])
if leader == bidder then
  if amount <= max then return { 3010, price, count, 1 } end
  max = amount
elseif count == 0 then
  if amount < price then return { 3011, price, count, 0 } end
  max, leader = amount, bidder
else
  if amount < price + increment then return { 3011, price, count, 0 } end
  if amount > max then
    price = math.min(amount, max + increment)
    max, leader = amount, bidder
  else
    price = math.min(max, amount + increment)
  end
end
count = count + 1
redis.call('HSET', KEYS[1], 'price', price, 'max', max, 'leader', leader, 'count', count)
return { 0, price, count, leader == bidder and 1 or 0 }

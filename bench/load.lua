-- Arguments: method, path, a file of cookies (one `name=value` a line; an empty line is no cookie), `follow` to take over the cookies that answers set.
local ready, turn, cookies, follow = {}, 0, {}, false
local method, path
headers = {
  ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  ["Accept"] = "application/json, text/plain, */*",
  ["Accept-Language"] = "en-GB,en;q=0.9",
  ["Sec-Fetch-Site"] = "same-origin",
  ["Sec-Fetch-Mode"] = "cors",
}

local function formatted(cookie)
  local sent = { Host = wrk.headers["Host"], Cookie = cookie ~= "" and cookie or nil }
  for name, value in pairs(headers) do sent[name] = value end
  if method ~= "GET" then sent["Origin"] = "https://" .. wrk.headers["Host"] end
  return wrk.format(method, path, sent)
end

function init(arguments)
  method, path, follow = arguments[1], arguments[2], arguments[4] == "follow"
  for cookie in io.lines(arguments[3]) do
    cookies[#cookies + 1] = cookie
    ready[#ready + 1] = not follow and formatted(cookie) or nil
  end
  if follow then response = take_over end
end

function request()
  if follow then return formatted(table.remove(cookies, 1)) end
  turn = turn % #ready + 1
  return ready[turn]
end

function take_over(_, answered)
  local set = answered["Set-Cookie"] or answered["set-cookie"]
  cookies[#cookies + 1] = set and set:match("^[^;]+") or ""
end

function done(summary, latency)
  io.write(string.format('\nRESULT {"requests":%d,"us":%d,"failed":%d,"p50":%.1f,"p99":%.1f,"max":%.1f}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end

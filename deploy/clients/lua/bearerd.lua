-- Asks bearerd whether a token may be trusted. One file to copy; LuaSocket and lua-cjson (Lua 5.1 to 5.4).
--
--   local daemon = require("bearerd").new()              -- one for the process; a fork may go on with it
--   local verdict = daemon:verify(authorization, { scope = "orders:read" })
--   if verdict.ok then use(verdict.claims.iss, verdict.claims.sub)            -- who somebody is: both together
--   else answer(verdict.status, verdict.www_authenticate) end                -- 401, 403, or 503: nobody can tell now
--
-- Everything that is not plainly a yes is a no, and nothing is raised. Members: every one of a verify request, such as
-- max_age = 300 or policy = "admin". Integers beyond 2^53 in claims are rounded, as always in lua-cjson.
--
-- What it cannot do: LuaSocket blocks its thread, so this is no file for nginx or HAProxy, whose event loop would stand
-- still. It sets no close-on-exec: a program that yours starts inherits the connection. Its clock is the one that can
-- be set: put back during an exchange, it makes the timeout so much longer.

local socket = require("socket")
local unix = require("socket.unix")
local json = require("cjson").new()
json.decode_invalid_numbers(false)
json.decode_max_depth(40)

local MAXIMUM_REPLY = 1048576
local Bearerd = {}
Bearerd.__index = Bearerd

-- path: the socket, else $BEARERD_SOCKET, else the usual place. timeout: seconds for a whole exchange.
function Bearerd.new(options)
  options = options or {}
  local path = options.path or os.getenv("BEARERD_SOCKET") or ""
  if path == "" then path = "/run/bearerd/bearerd.sock" end
  return setmetatable({ path = path, timeout = options.timeout or 2, number = 0 }, Bearerd)
end

local function left(deadline)
  -- LuaSocket takes a negative one for no timeout at all.
  return math.max(0, deadline - socket.gettime())
end

-- Lua does not tell it. Where there is no /proc, nothing is kept.
local function process()
  local file = io.open("/proc/self/stat")
  local text = file and file:read("*l") or ""
  if file then file:close() end
  return text:match("^%d+")
end

-- lua-cjson lets pass whatever is in a string. Bytes of what is right become a dot, so that nothing grows together.
local function is_utf8(text)
  if not text:find("[\128-\255]") then return true end
  local more = "[\128-\191]"
  for _, sequence in ipairs({
    "[\194-\223]" .. more, "\224[\160-\191]" .. more, "[\225-\236\238\239]" .. more .. more, "\237[\128-\159]" .. more,
    "\240[\144-\191]" .. more .. more, "[\241-\243]" .. more .. more .. more, "\244[\128-\143]" .. more .. more,
  }) do
    text = text:gsub(sequence, ".")
  end
  return not text:find("[\128-\255]")
end

-- Raises whatever is no reply to this request.
local function read_verdict(text, id, member)
  assert(is_utf8(text), "not UTF-8")
  local reply = json.decode(text)
  assert(type(reply) == "table" and reply.id == id, "not the reply to this request")
  local claims, fault = reply[member], reply.error
  -- A list has a first element; a table is all that lua-cjson makes of either.
  if reply.ok == true and type(claims) == "table" and claims[1] == nil then
    return { ok = true, status = 200, claims = claims, issuer = reply.issuer, stale = reply.stale == true }
  end
  assert(reply.ok == false and type(fault) == "table", "neither a yes nor a no")
  local status, code, challenge, wait = fault.status, fault.code, fault.www_authenticate, fault.retry_after_ms
  assert(type(status) == "number" and status % 1 == 0 and status >= 400 and status <= 599, "no status of a refusal")
  -- Nothing that could end a header's line.
  if type(challenge) ~= "string" or challenge:find("[^\32-\126]") then challenge = nil end
  if type(wait) ~= "number" or wait < 0 then wait = nil end
  return { ok = false, status = math.floor(status), code = code, www_authenticate = challenge, retry_after_ms = wait }
end

-- A new connection on which the line was sent; raises if nobody listens or the time is up.
local function send(path, line, deadline)
  while true do
    local stream = (type(unix) == "table" and unix.stream or unix)()
    stream:settimeout(left(deadline), "t")
    local done, fault = stream:connect(path)
    -- A full backlog (EAGAIN) is a connection to LuaSocket, on which nothing can be sent.
    local is_refused = not done
    if done then done, fault = stream:send(line) end
    if done then return stream end
    stream:close()
    if is_refused or fault == "closed" or fault == "timeout" or left(deadline) == 0 then error(fault) end
    socket.sleep(0.005)
  end
end

-- The reply and what came with it; nothing if the connection was closed before a byte of it.
local function receive(stream, deadline)
  local reply = ""
  while not reply:find("\n", 1, true) and #reply <= MAXIMUM_REPLY do
    stream:settimeout(left(deadline), "t")
    local first, fault = stream:receive(1)
    if not first and reply == "" and fault ~= "timeout" then return nil end
    assert(first, fault)
    -- What else is there already.
    stream:settimeout(0, "t")
    local rest, _, part = stream:receive(65536)
    reply = reply .. first .. (rest or part)
  end
  return reply
end

function Bearerd:_ask(op, member, authorization, members)
  local owner, deadline = process(), socket.gettime() + self.timeout
  self.number = self.number + 1
  local request = { id = (owner or "") .. "." .. self.number, op = op, authorization = authorization }
  for name, value in pairs(members or {}) do request[name] = request[name] or value end
  local stream = self.stream
  self.stream = nil
  local is_read, verdict = pcall(function()
    local line, reply = json.encode(request) .. "\n", nil
    -- A child must not share its parent's connection.
    if stream and self.owner == owner then
      stream:settimeout(left(deadline), "t")
      reply = stream:send(line) and receive(stream, deadline)
    end
    if not reply then
      -- None was kept, or a restart closed it: asking once more does no harm.
      if stream then stream:close() end
      stream = send(self.path, line, deadline)
      reply = assert(receive(stream, deadline), "no reply")
    end
    local text, surplus = reply:match("^(.-)\n(.*)")
    local found = read_verdict(assert(text, "no whole reply"), request.id, member)
    -- Bytes that nobody asked for make the connection worthless, not the reply.
    if owner and surplus == "" then
      self.stream, self.owner, stream = stream, owner, nil
    end
    return found
  end)
  if stream then stream:close() end
  return is_read and verdict or { ok = false, status = 503, code = "unavailable" }
end

-- Judges the value of an Authorization header ("" if there is none).
function Bearerd:verify(authorization, members)
  return self:_ask("verify", "claims", authorization or "", members)
end

function Bearerd:introspect(authorization, members)
  return self:_ask("introspect", "introspection", authorization or "", members)
end

return Bearerd

-- The conformance suite's driver of the Lua client: a JSON line in, a JSON line out.
package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local Bearerd = require("bearerd")
local json = require("cjson")

local daemon = Bearerd.new({ timeout = tonumber(os.getenv("BEARERD_TIMEOUT_MS") or 2000) / 1000 })
local workers = tonumber(os.getenv("BEARERD_WORKERS") or 0)

local function answer(line)
  local members = json.decode(line)
  local authorization = members.authorization
  members.authorization = nil
  local verdict = daemon:verify(authorization, members)
  local subject = verdict.ok and verdict.claims.sub
  -- One write: workers share the output.
  io.stdout:write(json.encode({
    ok = verdict.ok, status = verdict.status, subject = type(subject) == "string" and subject or json.null,
    authorization = workers > 0 and authorization or nil,
  }) .. "\n")
  io.stdout:flush()
end

local others = {}
for line in io.lines() do
  if workers == 0 then answer(line) else others[#others + 1] = line end
end
if workers > 0 then
  local unistd, wait = require("posix.unistd"), require("posix.sys.wait")
  answer(others[1])
  for worker = 1, workers do
    if unistd.fork() == 0 then
      for at = 1 + worker, #others, workers do answer(others[at]) end
      os.exit(0)
    end
  end
  while wait.wait() do end
end

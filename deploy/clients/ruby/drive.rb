# The conformance suite's driver of the Ruby client: a JSON line in, a JSON line out.
require_relative "bearerd"

DAEMON = Bearerd.new(timeout: ENV.fetch("BEARERD_TIMEOUT_MS", "2000").to_f / 1000)
WORKERS = ENV.fetch("BEARERD_WORKERS", "0").to_i
$stdout.sync = true

def answer(line)
  members = JSON.parse(line, symbolize_names: true)
  authorization = members.delete(:authorization)
  verdict = DAEMON.verify(authorization, **members)
  subject = verdict.claims["sub"] if verdict.ok?
  answer = { ok: verdict.ok?, status: verdict.status, subject: subject.is_a?(String) ? subject : nil }
  answer[:authorization] = authorization if WORKERS.positive?
  # One write: workers share the output.
  $stdout.syswrite(JSON.generate(answer) << "\n")
end

if WORKERS.zero?
  $stdin.each_line { |line| answer(line) }
else
  first, *others = $stdin.readlines
  answer(first)
  # Half of them are forks, half are threads of this process.
  shares = others.group_by.with_index { |_, index| index % WORKERS }.values
  shares.first(WORKERS / 2).each { |share| fork { share.each { |line| answer(line) } } }
  shares.drop(WORKERS / 2).map { |share| Thread.new { share.each { |line| answer(line) } } }.each(&:join)
  Process.waitall
end

# The Ruby client against ruby-jwt; see deploy/clients/speed.
require "jwt"
require_relative "bearerd"

ROUNDS = 9
CALLS = 200
FACTS = JSON.parse($stdin.read)
TOKEN = FACTS.fetch("token")
KEY = JWT::JWK.import(FACTS.fetch("jwks").fetch("keys").first).keypair
OPTIONS = {
  algorithm: FACTS.fetch("alg"), iss: FACTS.fetch("issuer"), verify_iss: true, aud: FACTS.fetch("audience"),
  verify_aud: true
}.freeze
DAEMON = Bearerd.new

ask = -> { DAEMON.verify("Bearer #{TOKEN}").ok? or abort "the daemon refused the token" }
alone = -> { JWT.decode(TOKEN, KEY, true, OPTIONS) }

def times(call)
  Array.new(CALLS) do
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    call.call
    (Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start) / 1000.0
  end
end

result = { library: "ruby-jwt #{JWT.gem_version}", ask: [], alone: [] }
times(ask)
times(alone)
ROUNDS.times do
  result[:ask].concat(times(ask))
  result[:alone].concat(times(alone))
end
puts JSON.generate(result)

# frozen_string_literal: true

# Rack middleware: lets a request through only with a good token; the application finds its claims in
# env["bearerd.claims"].
#
#   use BearerdRack, DAEMON                                 # a good token
#   use BearerdRack, DAEMON, scope: "orders:read"           # with a scope
#   use BearerdRack, DAEMON, max_age: 300                   # and a login in the last five minutes (RFC 9470)

require_relative "bearerd"

class BearerdRack
  def initialize(app, daemon, **members)
    @app = app
    @daemon = daemon
    @members = members
  end

  def call(env)
    # Whatever a client may have brought about, only what was verified stands here.
    env.delete("bearerd.claims")
    verdict = @daemon.verify(env["HTTP_AUTHORIZATION"], **@members)
    return @app.call(env.merge("bearerd.claims" => verdict.claims)) if verdict.ok?

    headers = { "Content-Type" => "application/json", "Cache-Control" => "no-store" }
    headers["WWW-Authenticate"] = verdict.www_authenticate if verdict.www_authenticate
    headers["Retry-After"] = ((verdict.retry_after_ms + 999) / 1000).to_s if verdict.retry_after_ms
    [verdict.status, headers, [JSON.generate(error: verdict.code)]]
  end
end

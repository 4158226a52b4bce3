require "rack"
require "rack/handler/webrick"
require "socket"
require_relative "../ruby/bearerd_rack"

daemon = Bearerd.new
subject = ->(env) { [200, { "Content-Type" => "application/json" }, [JSON.generate(subject: env["bearerd.claims"]["sub"])]] }
app = Rack::Builder.new do
  { "/me" => {}, "/orders" => { scope: "orders:read" }, "/delete" => { max_age: 300 } }.each do |path, members|
    map(path) { use BearerdRack, daemon, **members; run subject }
  end
end
Rack::Handler::WEBrick.run(app.to_app, Host: "127.0.0.1", Port: 0, AccessLog: [], Logger: WEBrick::Log.new(File::NULL)) do |server|
  puts server.listeners.first.addr[1]
  $stdout.flush
end

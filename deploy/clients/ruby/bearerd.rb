# frozen_string_literal: true

# Asks bearerd whether a token may be trusted. One file to copy; Ruby's standard library only.
#
#   DAEMON = Bearerd.new                                  # one for the process: threads, fibers and forks may share it
#   verdict = DAEMON.verify(env["HTTP_AUTHORIZATION"], scope: "orders:read")
#   if verdict.ok? then verdict.claims.values_at("iss", "sub")      # who somebody is: both together
#   else [verdict.status, verdict.www_authenticate]                 # 401, 403, or 503: nobody can tell now
#   end
#
# Everything that is not plainly a yes is a no, and nothing is raised. Members: every one of a verify request, such as
# max_age: 300 or policy: "admin".

require "json"
require "socket"

class Bearerd
  Verdict = Struct.new(
    :ok, :status, :claims, :issuer, :stale, :code, :www_authenticate, :retry_after_ms, keyword_init: true
  ) do
    def ok? = ok == true
  end

  NO_VERDICT = Verdict.new(ok: false, status: 503, code: "unavailable").freeze
  MAXIMUM_REPLY = 1 << 20
  KEPT = 8

  # path: the socket, else $BEARERD_SOCKET, else the usual place. timeout: seconds for a whole exchange.
  def initialize(path: nil, timeout: 2.0)
    path ||= ENV["BEARERD_SOCKET"]
    @path = path.nil? || path.empty? ? "/run/bearerd/bearerd.sock" : path
    @timeout = timeout
    @lock = Mutex.new
    @idle = []
    @owner = Process.pid
    @number = 0
  end

  def verify(authorization, **members) = ask("verify", "claims", authorization, members)
  def introspect(authorization, **members) = ask("introspect", "introspection", authorization, members)

  private

  def ask(op, member, authorization, members)
    deadline = now + @timeout
    id = "#{Process.pid}.#{@lock.synchronize { @number += 1 }}"
    line = JSON.generate(members.compact.merge(id: id, op: op, authorization: authorization.to_s)) << "\n"
    stream = take
    reply = stream ? converse(stream, line, deadline) : ""
    if reply.empty?
      # None was kept, or a restart closed it: asking once more does no harm.
      stream&.close
      stream = Socket.new(:UNIX, :STREAM) # close-on-exec, as everything that Ruby opens
      connect(stream, deadline)
      reply = converse(stream, line, deadline)
    end
    text, ending, surplus = reply.partition("\n")
    raise IOError, "no whole reply" if ending.empty?
    verdict = read_verdict(text.force_encoding(Encoding::UTF_8), id, member)
    # Bytes that nobody asked for make the connection worthless, not the reply.
    stream = nil if surplus.empty? && give(stream)
    verdict
  rescue SystemCallError, IOError, JSON::JSONError, EncodingError, ArgumentError, TypeError
    NO_VERDICT
  ensure
    stream&.close
  end

  def take
    @lock.synchronize do
      # A child must not share its parent's connections.
      @idle.clear if @owner != Process.pid
      @owner = Process.pid
      @idle.pop
    end
  end

  def give(stream) = @lock.synchronize { @idle.push(stream) if @idle.size < KEPT }

  def connect(stream, deadline)
    stream.connect_nonblock(Socket.pack_sockaddr_un(@path))
  rescue IO::WaitWritable, Errno::EAGAIN
    # A full backlog says EAGAIN and cannot be waited for.
    raise if now >= deadline
    sleep 0.005
    retry
  end

  # The reply and what came with it; nothing if the connection was closed before a byte of it.
  def converse(stream, line, deadline)
    reply = String.new(encoding: Encoding::BINARY)
    until line.empty?
      count = stream.sendmsg_nonblock(line, exception: false)
      if count == :wait_writable then wait(stream, :wait_writable, deadline) else line = line.byteslice(count..) end
    end
    until reply.include?("\n") || reply.bytesize > MAXIMUM_REPLY
      case chunk = stream.read_nonblock(65_536, exception: false)
      when :wait_readable then wait(stream, :wait_readable, deadline)
      when nil then break
      else reply << chunk
      end
    end
    reply
  rescue Errno::EPIPE, Errno::ECONNRESET
    reply
  end

  def wait(stream, event, deadline)
    left = deadline - now
    raise IOError, "too late" unless left.positive? && stream.public_send(event, left)
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # Raises for whatever is no reply to this request.
  def read_verdict(text, id, member)
    # JSON.parse lets pass whatever is in a string.
    raise EncodingError unless text.valid_encoding?
    reply = JSON.parse(text, max_nesting: 40)
    raise IOError, "not the reply to this request" unless reply.is_a?(Hash) && reply["id"] == id
    ok, claims, error, issuer = reply.values_at("ok", member, "error", "issuer")
    if ok == true && claims.is_a?(Hash)
      return Verdict.new(ok: true, status: 200, claims: claims, issuer: issuer, stale: reply["stale"] == true)
    end
    status = error["status"] if ok == false && error.is_a?(Hash)
    raise IOError, "no verdict" unless status.is_a?(Integer) && status.between?(400, 599)
    challenge, delay = error.values_at("www_authenticate", "retry_after_ms")
    # Nothing that could end a header's line.
    challenge = nil unless challenge.is_a?(String) && challenge.match?(/\A[\x20-\x7E]+\z/)
    delay = nil unless delay.is_a?(Integer) && !delay.negative?
    Verdict.new(ok: false, status: status, code: error["code"], www_authenticate: challenge, retry_after_ms: delay)
  end
end

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
  Verdict = Struct.new(:ok, :status, :claims, :issuer, :stale, :code, :www_authenticate, :retry_after_ms, keyword_init: true) do
    def ok? = ok == true
  end

  NO_VERDICT = Verdict.new(ok: false, status: 503, code: "unavailable").freeze
  MAXIMUM_REPLY = 1 << 20
  # The connection was closed before a byte of the reply, as by a restart.
  class Closed < StandardError; end

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
    id = "#{Process.pid}.#{@lock.synchronize { @number += 1 }}"
    line = JSON.generate(members.compact.merge(id: id, op: op, authorization: authorization.to_s)) << "\n"
    exchange(line) { |reply| read_verdict(JSON.parse(reply, max_nesting: 40), id, member) }
  rescue SystemCallError, IOError, JSON::JSONError, EncodingError, Closed, ArgumentError, TypeError
    NO_VERDICT
  end

  # One line there and one back, within the timeout; a connection is kept only after the reply to its request.
  def exchange(line)
    deadline = now + @timeout
    stream = take
    begin
      kept = !stream.nil?
      stream ||= connect(deadline)
      reply = converse(stream, line, deadline)
    rescue Closed, Errno::EPIPE, Errno::ECONNRESET
      stream&.close
      stream = nil
      # A restart closed the kept connection; asking once more does no harm.
      kept ? retry : raise
    end
    text, _, rest = reply.partition("\n")
    # JSON.parse lets pass whatever is in a string.
    raise EncodingError if !text.force_encoding(Encoding::UTF_8).valid_encoding?
    verdict = yield text
    # Bytes that nobody asked for make the connection worthless, not the reply.
    if rest.empty? then give(stream) else stream.close end
    stream = nil
    verdict
  ensure
    stream&.close
  end

  def converse(stream, line, deadline)
    until line.empty?
      count = stream.sendmsg_nonblock(line, exception: false)
      if count == :wait_writable then wait(stream, :wait_writable, deadline) else line = line.byteslice(count..) end
    end
    reply = String.new(encoding: Encoding::BINARY)
    until reply.include?("\n")
      chunk = begin
        stream.read_nonblock(65_536, exception: false)
      rescue Errno::ECONNRESET
        nil
      end
      case chunk
      when :wait_readable then wait(stream, :wait_readable, deadline)
      when nil then raise reply.empty? ? Closed : IOError
      else reply << chunk
      end
      raise IOError, "too long" if reply.bytesize > MAXIMUM_REPLY
    end
    reply
  end

  def wait(stream, event, deadline)
    left = deadline - now
    raise IOError, "too late" unless left.positive? && stream.public_send(event, left)
  end

  def connect(deadline)
    stream = Socket.new(:UNIX, :STREAM) # close-on-exec, as everything that Ruby opens
    begin
      stream.connect_nonblock(Socket.pack_sockaddr_un(@path))
      stream
    rescue IO::WaitWritable, Errno::EAGAIN
      # A full backlog says EAGAIN and cannot be waited for.
      raise IOError, "too late" if now >= deadline
      sleep 0.005
      retry
    end
  rescue StandardError
    stream&.close
    raise
  end

  def take
    @lock.synchronize do
      # A child must not share its parent's connections.
      @idle.clear.tap { @owner = Process.pid } if @owner != Process.pid
      @idle.pop
    end
  end

  def give(stream)
    @lock.synchronize { return @idle.push(stream) if @idle.size < 8 && @owner == Process.pid }
    stream.close
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def read_verdict(reply, id, member)
    raise IOError, "not the reply to this request" unless reply.is_a?(Hash) && reply["id"] == id
    error = reply["error"]
    if reply["ok"] == true && reply[member].is_a?(Hash)
      return Verdict.new(ok: true, status: 200, claims: reply[member], issuer: reply["issuer"], stale: reply["stale"] == true)
    end
    status = error["status"] if reply["ok"] == false && error.is_a?(Hash)
    raise IOError, "no verdict" unless status.is_a?(Integer) && status.between?(400, 599)
    challenge, delay = error.values_at("www_authenticate", "retry_after_ms")
    # Nothing that could end a header's line.
    challenge = nil unless challenge.is_a?(String) && challenge.match?(/\A[\x20-\x7E]+\z/)
    Verdict.new(ok: false, status: status, code: error["code"], www_authenticate: challenge,
                retry_after_ms: delay.is_a?(Integer) && !delay.negative? ? delay : nil)
  end
end

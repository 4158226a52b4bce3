import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Asks bearerd whether a token may be trusted. One file to copy; Java 17 and Jackson.
 *
 * <pre>{@code
 * var daemon = new Bearerd();                              // one for the application: any number of threads may share it
 * var verdict = daemon.verify(request.getHeader("Authorization"), Map.of("scope", "orders:read"));
 * if (verdict.ok()) use(verdict.claims().get("iss"), verdict.claims().get("sub"));       // who somebody is: both together
 * else answer(verdict.status(), verdict.wwwAuthenticate());                              // 401, 403, or 503: nobody can tell now
 * }</pre>
 *
 * Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such as
 * {@code "max_age", 300} or {@code "policy", "admin"}. Each exchange has a deadline; connections come from a small pool, and not from
 * thread-locals, of which virtual threads would make too many.
 */
public final class Bearerd {
  /** What bearerd said. {@code claims} are to be trusted only if {@code ok}; the rest is for a refusal. */
  public record Verdict(
      boolean ok, int status, JsonNode claims, String issuer, boolean stale, String code, String wwwAuthenticate,
      Long retryAfterMs) {
    static final Verdict NONE = new Verdict(false, 503, null, null, false, "unavailable", null, null);
  }

  private static final int MAXIMUM_REPLY = 1 << 20;
  private static final int KEPT = 8;
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();
  private static final AtomicLong NUMBERS = new AtomicLong();
  private static final long PROCESS = ProcessHandle.current().pid();

  private final UnixDomainSocketAddress address;
  private final Duration timeout;
  private final ArrayBlockingQueue<Connection> idle = new ArrayBlockingQueue<>(KEPT);

  /** The daemon at $BEARERD_SOCKET, else at the usual place; two seconds for a whole exchange. */
  public Bearerd() {
    this(null, Duration.ofSeconds(2));
  }

  public Bearerd(String path, Duration timeout) {
    if (path == null) path = System.getenv("BEARERD_SOCKET");
    if (path == null || path.isEmpty()) path = "/run/bearerd/bearerd.sock";
    this.address = UnixDomainSocketAddress.of(path);
    this.timeout = timeout;
  }

  /** Judges the value of an Authorization header; null if there is none. */
  public Verdict verify(String authorization, Map<String, ?> members) {
    return ask("verify", "claims", authorization, members);
  }

  public Verdict introspect(String authorization, Map<String, ?> members) {
    return ask("introspect", "introspection", authorization, members);
  }

  private Verdict ask(String op, String member, String authorization, Map<String, ?> members) {
    try {
      String id = PROCESS + "." + NUMBERS.incrementAndGet();
      ObjectNode request = JSON.valueToTree(members);
      request.put("id", id).put("op", op).put("authorization", authorization == null ? "" : authorization);
      byte[] line = (JSON.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8);
      return exchange(line, id, member);
    } catch (IOException | RuntimeException fault) {
      return Verdict.NONE;
    }
  }

  /** One line there and one back; a connection is kept only after the reply to its request. */
  private Verdict exchange(byte[] line, String id, String member) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    Connection connection = idle.poll();
    boolean isKept = connection != null;
    try {
      if (!isKept) connection = new Connection(address, deadline);
      byte[] reply = connection.converse(line, deadline);
      if (reply == null && isKept) {
        // A restart closed the kept connection; asking once more does no harm.
        connection.close();
        connection = new Connection(address, deadline);
        reply = connection.converse(line, deadline);
      }
      if (reply == null) throw new IOException("closed");
      Verdict verdict = read(JSON.readTree(reply), id, member);
      // Bytes that nobody asked for make the connection worthless, not the reply.
      if (!connection.hasSurplus && idle.offer(connection)) connection = null;
      return verdict;
    } finally {
      if (connection != null) connection.close();
    }
  }

  private static Verdict read(JsonNode reply, String id, String member) throws IOException {
    // Never asBoolean, asInt: they make something of anything.
    if (!reply.isObject() || !reply.path("id").isTextual() || !reply.path("id").textValue().equals(id))
      throw new IOException("not the reply to this request");
    JsonNode ok = reply.path("ok"), error = reply.path("error"), status = error.path("status");
    if (ok.isBoolean() && ok.booleanValue() && reply.path(member).isObject()) {
      JsonNode stale = reply.path("stale");
      boolean isStale = stale.isBoolean() && stale.booleanValue();
      return new Verdict(true, 200, reply.get(member), reply.path("issuer").textValue(), isStale, null, null, null);
    }
    boolean isRefusal = ok.isBoolean() && !ok.booleanValue() && status.isInt();
    if (!isRefusal || status.intValue() < 400 || status.intValue() > 599) throw new IOException("no verdict");
    String challenge = error.path("www_authenticate").textValue();
    // Nothing that could end a header's line.
    if (challenge != null && !challenge.chars().allMatch(c -> c >= 0x20 && c < 0x7F)) challenge = null;
    JsonNode wait = error.path("retry_after_ms");
    Long delay = wait.canConvertToLong() && wait.isIntegralNumber() && wait.longValue() >= 0 ? wait.longValue() : null;
    return new Verdict(false, status.intValue(), null, null, false, error.path("code").textValue(), challenge, delay);
  }

  /** A connection that waits with a selector: a blocking channel knows no timeout. */
  private static final class Connection {
    final SocketChannel channel;
    final Selector selector;
    boolean hasSurplus;

    Connection(UnixDomainSocketAddress address, long deadline) throws IOException {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      selector = Selector.open();
      try {
        channel.configureBlocking(false);
        channel.register(selector, 0);
        while (!channel.isConnected()) {
          try {
            if (channel.connect(address)) break;
          } catch (IOException fault) {
            // A full backlog says EAGAIN and cannot be waited for.
            if (fault.getMessage() == null || !fault.getMessage().contains("temporarily unavailable")) throw fault;
            if (System.nanoTime() >= deadline) throw fault;
            pause();
          }
        }
      } catch (IOException | RuntimeException fault) {
        close();
        throw fault;
      }
    }

    private static void pause() throws IOException {
      try {
        Thread.sleep(5);
      } catch (InterruptedException interruption) {
        Thread.currentThread().interrupt();
        throw new IOException(interruption);
      }
    }

    /** The reply's line; null if the connection was closed before a byte of it. */
    byte[] converse(byte[] line, long deadline) throws IOException {
      var reply = new ByteArrayOutputStream();
      try {
        for (var rest = ByteBuffer.wrap(line); rest.hasRemaining(); ) {
          if (channel.write(rest) == 0) await(SelectionKey.OP_WRITE, deadline);
        }
        var chunk = ByteBuffer.allocate(65536);
        while (reply.size() <= MAXIMUM_REPLY) {
          int count = channel.read(chunk.clear());
          if (count < 0) break;
          if (count == 0) await(SelectionKey.OP_READ, deadline);
          int end = 0;
          while (end < count && chunk.get(end) != '\n') end++;
          reply.write(chunk.array(), 0, end);
          if (end < count) {
            hasSurplus = end + 1 < count;
            return reply.toByteArray();
          }
        }
      } catch (TooLate fault) {
        throw fault;
      } catch (IOException fault) {
        if (reply.size() > 0) throw fault;
        return null;
      }
      if (reply.size() > 0) throw new IOException("no whole reply");
      return null;
    }

    private void await(int operation, long deadline) throws IOException {
      channel.keyFor(selector).interestOps(operation);
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0 || selector.select(left) == 0) throw new TooLate();
      selector.selectedKeys().clear();
    }

    void close() {
      try (selector; channel) {
        hasSurplus = true;
      } catch (IOException fault) {
        // There is nothing left to lose.
      }
    }
  }

  private static final class TooLate extends IOException {
    private static final long serialVersionUID = 1;
  }
}

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Asks bearerd whether a token may be trusted. One file to copy; Java 17 and Jackson.
 *
 * <pre>{@code
 * var daemon = new Bearerd();                              // one for the application: threads may share it
 * var verdict = daemon.verify(request.getHeader("Authorization"), Map.of("scope", "orders:read"));
 * if (verdict.ok()) use(verdict.claims().get("iss"), verdict.claims().get("sub"));    // who somebody is: both together
 * else answer(verdict.status(), verdict.wwwAuthenticate());                 // 401, 403, or 503: nobody can tell now
 * }</pre>
 *
 * Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such as
 * {@code "max_age", 300} or {@code "policy", "admin"}. Each exchange has a deadline; connections come from a small
 * pool, and not from thread-locals, of which virtual threads would make too many.
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
  private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private final UnixDomainSocketAddress address;
  private final Duration timeout;
  private final ArrayBlockingQueue<SocketChannel> idle = new ArrayBlockingQueue<>(KEPT);

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
    SocketChannel channel = null;
    try {
      long deadline = System.nanoTime() + timeout.toNanos();
      String id = UUID.randomUUID().toString();
      ObjectNode request = JSON.valueToTree(members);
      request.put("id", id).put("op", op).put("authorization", authorization == null ? "" : authorization);
      byte[] line = (JSON.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8);
      channel = idle.poll();
      byte[] reply = channel == null ? null : converse(channel, line, deadline);
      if (reply == null) {
        // None was kept, or a restart closed it: asking once more does no harm.
        close(channel);
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        reply = converse(channel, line, deadline);
      }
      Verdict verdict = read(JSON.readTree(reply), id, member);
      if (channel.isOpen() && idle.offer(channel)) channel = null;
      return verdict;
    } catch (IOException | RuntimeException fault) {
      return Verdict.NONE;
    } finally {
      close(channel);
    }
  }

  /** The reply's line; null if the connection was closed before a byte of it. */
  private byte[] converse(SocketChannel channel, byte[] line, long deadline) throws IOException {
    // A blocking channel knows no timeout; but who waits for it is woken when it is closed.
    var alarm = new CompletableFuture<Void>().orTimeout(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    alarm.exceptionally(late -> close(channel));
    var reply = new ByteArrayOutputStream();
    int next = -1;
    try {
      if (!channel.isConnected()) channel.connect(address);
      Channels.newOutputStream(channel).write(line);
      var input = new BufferedInputStream(Channels.newInputStream(channel));
      while ((next = input.read()) >= 0 && next != '\n' && reply.size() < MAXIMUM_REPLY) reply.write(next);
      // Bytes that nobody asked for make the connection worthless, not the reply.
      if (input.available() > 0) channel.close();
    } catch (IOException fault) {
      next = -1;
    }
    if (!alarm.complete(null) || (next != '\n' && reply.size() > 0)) throw new IOException("no whole reply in time");
    return next == '\n' ? reply.toByteArray() : null;
  }

  private static Void close(SocketChannel channel) {
    try {
      if (channel != null) channel.close();
    } catch (IOException fault) {
      // There is nothing left to lose.
    }
    return null;
  }

  private static Verdict read(JsonNode reply, String id, String member) throws IOException {
    // Never asBoolean, asInt, asText: they make something of anything.
    if (!id.equals(reply.path("id").textValue())) throw new IOException("not the reply to this request");
    JsonNode ok = reply.path("ok"), error = reply.path("error"), status = error.path("status");
    if (ok.equals(BooleanNode.TRUE) && reply.path(member).isObject()) {
      boolean isStale = reply.path("stale").equals(BooleanNode.TRUE);
      return new Verdict(true, 200, reply.get(member), reply.path("issuer").textValue(), isStale, null, null, null);
    }
    boolean isRefusal = ok.equals(BooleanNode.FALSE) && status.isInt();
    if (!isRefusal || status.intValue() < 400 || status.intValue() > 599) throw new IOException("no verdict");
    String challenge = error.path("www_authenticate").textValue();
    // Nothing that could end a header's line.
    if (challenge != null && !challenge.chars().allMatch(c -> c >= 0x20 && c < 0x7F)) challenge = null;
    JsonNode wait = error.path("retry_after_ms");
    Long delay = wait.canConvertToLong() && wait.isIntegralNumber() && wait.longValue() >= 0 ? wait.longValue() : null;
    return new Verdict(false, status.intValue(), null, null, false, error.path("code").textValue(), challenge, delay);
  }
}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;

/** The conformance suite's driver of the Java client: a JSON line in, a JSON line out. */
public final class Drive {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    String timeout = System.getenv().getOrDefault("BEARERD_TIMEOUT_MS", "2000");
    var daemon = new Bearerd(null, Duration.ofMillis(Long.parseLong(timeout)));
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int workers = Integer.parseInt(System.getenv().getOrDefault("BEARERD_WORKERS", "0"));
    var others = new ArrayList<String>();
    boolean isFirst = true;
    for (String line; (line = input.readLine()) != null; isFirst = false) {
      if (workers == 0 || isFirst) answer(daemon, line, workers);
      else others.add(line);
    }
    for (int worker = 0; worker < workers; worker++) {
      int first = worker;
      new Thread(() -> {
        for (int at = first; at < others.size(); at += workers) answer(daemon, others.get(at), workers);
      }).start();
    }
  }

  private static void answer(Bearerd daemon, String line, int workers) {
    try {
      Map<String, JsonNode> members = new HashMap<>();
      JSON.readTree(line).fields().forEachRemaining(field -> members.put(field.getKey(), field.getValue()));
      String authorization = members.remove("authorization").textValue();
      Bearerd.Verdict verdict = daemon.verify(authorization, members);
      var answer = JSON.createObjectNode().put("ok", verdict.ok()).put("status", verdict.status());
      answer.put("subject", verdict.ok() ? verdict.claims().path("sub").textValue() : null);
      if (workers > 0) answer.put("authorization", authorization);
      synchronized (JSON) {
        System.out.println(JSON.writeValueAsString(answer));
        System.out.flush();
      }
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}

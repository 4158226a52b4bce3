import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;

/**
 * Lets a request through only with a good token; the servlet finds its claims in the attribute {@code bearerd.claims}.
 *
 * <pre>{@code
 * new BearerdFilter(daemon, Map.of())                              // a good token
 * new BearerdFilter(daemon, Map.of("scope", "orders:read"))        // with a scope
 * new BearerdFilter(daemon, Map.of("max_age", 300))                // and a login in the last five minutes (RFC 9470)
 * }</pre>
 */
public final class BearerdFilter implements Filter {
  private final Bearerd daemon;
  private final Map<String, ?> members;

  public BearerdFilter(Bearerd daemon, Map<String, ?> members) {
    this.daemon = daemon;
    this.members = members;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    var values = Collections.list(((HttpServletRequest) request).getHeaders("Authorization"));
    // RFC 9110 section 5.3: one field sent twice is one list, which is no Authorization.
    Bearerd.Verdict verdict = daemon.verify(String.join(", ", values), members);
    if (verdict.ok()) {
      request.setAttribute("bearerd.claims", verdict.claims());
      chain.doFilter(request, response);
      return;
    }
    var answer = (HttpServletResponse) response;
    answer.setStatus(verdict.status());
    answer.setHeader("Cache-Control", "no-store");
    answer.setContentType("application/json");
    if (verdict.wwwAuthenticate() != null) answer.setHeader("WWW-Authenticate", verdict.wwwAuthenticate());
    if (verdict.retryAfterMs() != null) answer.setHeader("Retry-After", "" + (verdict.retryAfterMs() + 999) / 1000);
    new ObjectMapper().writeValue(answer.getOutputStream(), Collections.singletonMap("error", verdict.code()));
  }
}

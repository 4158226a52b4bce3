import com.fasterxml.jackson.databind.JsonNode;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.util.Map;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;

/** An application with guarded paths in a Tomcat of its own, for the test of BearerdFilter. */
public final class TomcatApp {
  private static final class Subject extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
      var claims = (JsonNode) request.getAttribute("bearerd.claims");
      response.setContentType("application/json");
      response.getWriter().print("{\"subject\":" + claims.get("sub") + "}");
    }
  }

  public static void main(String[] arguments) throws Exception {
    java.util.logging.LogManager.getLogManager().reset();
    var daemon = new Bearerd();
    var tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[0]);
    tomcat.setHostname("127.0.0.1");
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    var context = tomcat.addContext("", new File(arguments[0]).getAbsolutePath());
    Tomcat.addServlet(context, "subject", new Subject());
    for (var path : Map.of("/me", Map.of(), "/orders", Map.of("scope", "orders:read"), "/delete", Map.of("max_age", 300)).entrySet()) {
      context.addServletMappingDecoded(path.getKey(), "subject");
      var filter = new FilterDef();
      filter.setFilterName(path.getKey());
      @SuppressWarnings("unchecked")
      var members = (Map<String, ?>) (Map<?, ?>) path.getValue();
      filter.setFilter(new BearerdFilter(daemon, members));
      context.addFilterDef(filter);
      var mapping = new FilterMap();
      mapping.setFilterName(path.getKey());
      mapping.addURLPattern(path.getKey());
      context.addFilterMap(mapping);
    }
    tomcat.start();
    System.out.println(tomcat.getConnector().getLocalPort());
    System.out.flush();
    tomcat.getServer().await();
  }
}

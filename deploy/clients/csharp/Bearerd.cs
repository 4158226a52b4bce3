using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Xml;

/// <summary>Asks bearerd whether a token may be trusted. One file to copy; the class library only.</summary>
/// <example><code>
/// var daemon = new Bearerd();                                  // one for the program: threads may share it
/// var verdict = daemon.Verify(authorization, new Dictionary&lt;string, object&gt; { ["scope"] = "orders:read" });
/// if (verdict.Ok) Use(verdict.Claims["iss"], verdict.Claims["sub"]);      // who somebody is: both together
/// else Answer(verdict.Status, verdict.WwwAuthenticate);                   // 401, 403, or 503: nobody can tell now
/// </code></example>
/// <remarks>Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify
/// request, such as ["max_age"] = 300 or ["policy"] = "admin". In claims, integers are long (decimal beyond), other
/// numbers are double. The calls block, for the timeout at most: in async code, call them in Task.Run. Tried with Mono
/// 6.8 only; C# 7.0.</remarks>
public sealed class Bearerd
{
    /// <summary>What bearerd said. Trust Claims only if Ok.</summary>
    public sealed class Verdict
    {
        public bool Ok { get; internal set; }
        public int Status { get; internal set; } = 503;           // the HTTP status to answer with
        public IReadOnlyDictionary<string, object> Claims { get; internal set; }
        public string Issuer { get; internal set; }               // the issuer's short name
        public bool Stale { get; internal set; }                  // the keys could not be refreshed for a while
        public string Code { get; internal set; } = "unavailable"; // see "Codes" in protocol.md
        public string WwwAuthenticate { get; internal set; }      // the header's value to send, or null
        public long? RetryAfterMs { get; internal set; }          // when asking again is worth while, or null
    }

    const int MaximumReply = 1 << 20, Kept = 8;

    readonly string path;
    readonly TimeSpan timeout;
    readonly ConcurrentStack<Socket> idle = new ConcurrentStack<Socket>();

    /// <summary>The daemon at path, else $BEARERD_SOCKET, else the usual place; timeout: of a whole exchange.</summary>
    public Bearerd(string path = null, TimeSpan? timeout = null)
    {
        var paths = new[] { path, Environment.GetEnvironmentVariable("BEARERD_SOCKET"), "/run/bearerd/bearerd.sock" };
        this.path = paths.First(one => !string.IsNullOrEmpty(one));
        this.timeout = timeout ?? TimeSpan.FromSeconds(2);
    }

    /// <summary>Judges the value of an Authorization header; "" or null if there is none.</summary>
    public Verdict Verify(string authorization, IDictionary<string, object> members = null) =>
        Ask("verify", "claims", authorization, members);

    public Verdict Introspect(string authorization, IDictionary<string, object> members = null) =>
        Ask("introspect", "introspection", authorization, members);

    Verdict Ask(string op, string member, string authorization, IDictionary<string, object> members)
    {
        Socket socket = null;
        try
        {
            var watch = Stopwatch.StartNew();
            var id = Guid.NewGuid().ToString();
            var request = new Dictionary<string, object>(members ?? new Dictionary<string, object>())
                { ["id"] = id, ["op"] = op, ["authorization"] = authorization ?? "" };
            var line = Encoding.ASCII.GetBytes(WriteJson(request) + "\n");
            var reply = idle.TryPop(out socket) ? Converse(socket, line, watch) : new byte[0];
            if (reply.Length == 0)
            {
                // None was kept, or a restart closed it: asking once more does no harm.
                socket?.Dispose();
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                // A connect waits at a full backlog, for as long as a send may take.
                socket.SendTimeout = Left(watch);
                socket.Connect(new UnixDomainSocketEndPoint(path));
                reply = Converse(socket, line, watch);
            }
            var end = Array.IndexOf(reply, (byte)'\n');
            var verdict = Read(ParseJson(reply, end), id, member); // throws if there is no end
            // Bytes that nobody asked for make the connection worthless, not the reply. One too many kept does no harm.
            if (end == reply.Length - 1 && idle.Count < Kept)
            {
                idle.Push(socket);
                socket = null;
            }
            return verdict;
        }
        // Whatever it is: nobody may take it for a yes.
        catch (Exception) { return new Verdict(); }
        finally { socket?.Dispose(); }
    }

    /// <summary>The reply and what came with it; nothing if the connection was closed before a byte of it.</summary>
    byte[] Converse(Socket socket, byte[] line, Stopwatch watch)
    {
        var reply = new MemoryStream();
        var chunk = new byte[65536];
        try
        {
            // The kernel waits anew for each piece of a long line.
            for (var at = 0; at < line.Length; at += socket.Send(line, at, Math.Min(16384, line.Length - at), 0))
                socket.SendTimeout = Left(watch);
            int count;
            do
            {
                socket.ReceiveTimeout = Left(watch);
                count = socket.Receive(chunk);
                reply.Write(chunk, 0, count);
            }
            while (count > 0 && Array.IndexOf(chunk, (byte)'\n', 0, count) < 0 && reply.Length <= MaximumReply);
        }
        // Closed by the daemon; what is here of a reply has no end.
        catch (SocketException) when (watch.Elapsed < timeout) { }
        return reply.ToArray();
    }

    /// <summary>Milliseconds; never 0, which a socket takes for no timeout at all.</summary>
    int Left(Stopwatch watch) => watch.Elapsed < timeout
        ? Math.Max(1, (int)(timeout - watch.Elapsed).TotalMilliseconds) : throw new TimeoutException();

    /// <summary>Throws for whatever is no reply to this request.</summary>
    static Verdict Read(object reply, string id, string member)
    {
        object ok = Get(reply, "ok"), error = Get(reply, "error");
        if (!id.Equals(Get(reply, "id"))) throw new FormatException("not the reply to this request");
        // Equal to the boolean only, whatever else might pass for it.
        if (true.Equals(ok) && Get(reply, member) is Dictionary<string, object> claims)
            return new Verdict
            {
                Ok = true, Status = 200, Code = null, Claims = claims, Issuer = Get(reply, "issuer") as string,
                Stale = true.Equals(Get(reply, "stale")),
            };
        if (!false.Equals(ok) || !(Get(error, "status") is long status) || status < 400 || status > 599)
            throw new FormatException("neither a yes nor a no");
        var challenge = Get(error, "www_authenticate") as string;
        return new Verdict
        {
            Status = (int)status, Code = Get(error, "code") as string,
            // Nothing that could end a header's line.
            WwwAuthenticate = challenge?.All(letter => letter >= ' ' && letter <= '~') == true ? challenge : null,
            RetryAfterMs = Get(error, "retry_after_ms") is long wait && wait >= 0 ? wait : (long?)null,
        };
    }

    static object Get(object json, string name) =>
        json is Dictionary<string, object> members && members.TryGetValue(name, out var value) ? value : null;

    /// <summary>As dictionaries, lists, strings, long, decimal, double, bool and null. The class library makes XML of
    /// JSON, with each value's type in an attribute.</summary>
    internal static object ParseJson(byte[] bytes, int length)
    {
        var document = new XmlDocument { PreserveWhitespace = true };
        var quotas = new XmlDictionaryReaderQuotas();
        XmlDictionaryReaderQuotas.Max.CopyTo(quotas);
        quotas.MaxDepth = 64;
        using (var reader = JsonReaderWriterFactory.CreateJsonReader(bytes, 0, length, Encoding.UTF8, quotas, null))
            document.Load(reader);
        return Value(document.DocumentElement);
    }

    static object Value(XmlElement element)
    {
        var children = element.ChildNodes.OfType<XmlElement>();
        switch (element.GetAttribute("type"))
        {
            case "object":
                // A name that is none in XML stands in an attribute, and __type as well if it comes first.
                var members = children.ToDictionary(
                    child => child.HasAttribute("item") ? child.GetAttribute("item") : child.LocalName, Value);
                if (element.HasAttribute("__type")) members.Add("__type", element.GetAttribute("__type"));
                return members;
            case "array": return children.Select(Value).ToList();
            case "null": return null;
            case "boolean": return XmlConvert.ToBoolean(element.InnerText);
            case "number": return Number(element.InnerText);
            default: return element.InnerText;
        }
    }

    /// <summary>What no number can hold stays as it was written.</summary>
    static object Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
        : decimal.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large) ? large
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : (object)text;

    internal static string WriteJson(object value) =>
        value is string text ? "\"" + string.Concat(text.Select(Escape)) + "\""
        : value is bool truth ? (truth ? "true" : "false")
        : value is IEnumerable<KeyValuePair<string, object>> pairs ? "{" + string.Join(",", pairs.Select(Pair)) + "}"
        : value is IEnumerable list ? "[" + string.Join(",", list.Cast<object>().Select(WriteJson)) + "]"
        : Convert.ToString(value ?? "null", CultureInfo.InvariantCulture);

    static string Pair(KeyValuePair<string, object> pair) => WriteJson(pair.Key) + ":" + WriteJson(pair.Value);

    static string Escape(char character) => character < ' ' || character > '~' || character == '"' || character == '\\'
        ? "\\u" + ((int)character).ToString("x4") : character.ToString();
}

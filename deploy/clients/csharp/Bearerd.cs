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
using System.Threading;
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
    long numbers;
    readonly ConcurrentStack<Socket> idle = new ConcurrentStack<Socket>();

    /// <summary>The daemon at path, else $BEARERD_SOCKET, else the usual place; timeout: of a whole exchange.</summary>
    public Bearerd(string path = null, TimeSpan? timeout = null)
    {
        if (string.IsNullOrEmpty(path)) path = Environment.GetEnvironmentVariable("BEARERD_SOCKET");
        this.path = string.IsNullOrEmpty(path) ? "/run/bearerd/bearerd.sock" : path;
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
            var id = Interlocked.Increment(ref numbers);
            var request = new Dictionary<string, object>(members ?? new Dictionary<string, object>())
                { ["id"] = id, ["op"] = op, ["authorization"] = authorization ?? "" };
            var line = Encoding.ASCII.GetBytes(Json.Write(request) + "\n");
            idle.TryPop(out socket);
            var reply = socket == null ? new byte[0] : Converse(socket, line, watch);
            if (reply.Length == 0)
            {
                // None was kept, or a restart closed it: asking once more does no harm.
                socket?.Dispose();
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                Connect(socket, watch);
                reply = Converse(socket, line, watch);
            }
            var end = Array.IndexOf(reply, (byte)'\n');
            if (end < 0) throw new EndOfStreamException("no whole reply");
            var verdict = Read(Json.Parse(reply, end), id, member);
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

    void Connect(Socket socket, Stopwatch watch)
    {
        socket.Blocking = false;
        while (!socket.Connected)
            try { socket.Connect(new UnixDomainSocketEndPoint(path)); }
            // A full backlog (EAGAIN) cannot be waited for.
            catch (SocketException fault)
                when (fault.SocketErrorCode == SocketError.WouldBlock && watch.Elapsed < timeout) { Thread.Sleep(5); }
        socket.Blocking = true;
    }

    /// <summary>The reply and what came with it; nothing if the connection was closed before a byte of it.</summary>
    byte[] Converse(Socket socket, byte[] line, Stopwatch watch)
    {
        var reply = new MemoryStream();
        var chunk = new byte[65536];
        try
        {
            for (var sent = 0; sent < line.Length;)
            {
                socket.SendTimeout = Left(watch);
                sent += socket.Send(line, sent, line.Length - sent, SocketFlags.None);
            }
            for (var count = 1; count > 0 && reply.Length <= MaximumReply;)
            {
                socket.ReceiveTimeout = Left(watch);
                count = socket.Receive(chunk);
                reply.Write(chunk, 0, count);
                if (Array.IndexOf(chunk, (byte)'\n', 0, count) >= 0) break;
            }
        }
        // Closed by the daemon; what is here of a reply has no end.
        catch (SocketException) when (watch.Elapsed < timeout) { }
        return reply.ToArray();
    }

    /// <summary>Milliseconds; never 0, which a socket takes for no timeout at all.</summary>
    int Left(Stopwatch watch) => watch.Elapsed < timeout
        ? Math.Max(1, (int)(timeout - watch.Elapsed).TotalMilliseconds) : throw new TimeoutException();

    /// <summary>Throws for whatever is no reply to this request.</summary>
    static Verdict Read(object reply, long id, string member)
    {
        if (!id.Equals(Get(reply, "id"))) throw new FormatException("not the reply to this request");
        object ok = Get(reply, "ok"), error = Get(reply, "error");
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
        // Nothing that could end a header's line.
        if (challenge != null && challenge.Any(character => character < ' ' || character > '~')) challenge = null;
        var wait = Get(error, "retry_after_ms") as long?;
        return new Verdict
        {
            Status = (int)status, Code = Get(error, "code") as string, WwwAuthenticate = challenge,
            RetryAfterMs = wait >= 0 ? wait : null,
        };
    }

    static object Get(object json, string name) =>
        json is Dictionary<string, object> members && members.TryGetValue(name, out var value) ? value : null;
}

/// <summary>JSON as dictionaries, lists, strings, long, decimal, double, bool and null.</summary>
static class Json
{
    /// <summary>The class library reads JSON as XML, with each value's type in an attribute.</summary>
    internal static object Parse(byte[] bytes, int length)
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

    static object Number(string text)
    {
        var culture = CultureInfo.InvariantCulture;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var whole)) return whole;
        if (decimal.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var large)) return large;
        // What no number can hold stays as it was written.
        return double.TryParse(text, NumberStyles.Float, culture, out var real) ? real : (object)text;
    }

    internal static string Write(object value)
    {
        if (value is string text) return "\"" + string.Concat(text.Select(Escape)) + "\"";
        if (value is bool truth) return truth ? "true" : "false";
        if (value is IEnumerable<KeyValuePair<string, object>> members)
            return "{" + string.Join(",", members.Select(pair => Write(pair.Key) + ":" + Write(pair.Value))) + "}";
        if (value is IEnumerable elements) return "[" + string.Join(",", elements.Cast<object>().Select(Write)) + "]";
        return Convert.ToString(value ?? "null", CultureInfo.InvariantCulture);
    }

    static string Escape(char character) =>
        character < ' ' || character > '~' || character == '"' || character == '\\'
            ? "\\u" + ((int)character).ToString("x4") : character.ToString();
}

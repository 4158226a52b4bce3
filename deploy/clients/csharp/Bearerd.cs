using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;
using System.Xml;

/// <summary>Asks bearerd whether a token may be trusted. One file to copy; the class library only.</summary>
/// <example><code>
/// var daemon = new Bearerd();                                  // one for the program: any number of threads may share it
/// var verdict = daemon.Verify(authorization, new Dictionary&lt;string, object&gt; { ["scope"] = "orders:read" });
/// if (verdict.Ok) Use(verdict.Claims["iss"], verdict.Claims["sub"]);         // who somebody is: both together
/// else Answer(verdict.Status, verdict.WwwAuthenticate);                     // 401, 403, or 503: nobody can tell now
/// </code></example>
/// <remarks>Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such
/// as ["max_age"] = 300 or ["policy"] = "admin". In claims, integers are long (decimal beyond), other numbers double. The
/// calls block, for the timeout at most: in async code, call them in Task.Run. Tried with Mono 6.8 only; C# 7.0.</remarks>
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

    const int MaximumReply = 1 << 20, MaximumPath = 107, Kept = 8;
    static readonly string Process = System.Diagnostics.Process.GetCurrentProcess().Id.ToString(CultureInfo.InvariantCulture);
    static long numbers;

    readonly string path;
    readonly TimeSpan timeout;
    readonly Stack<Socket> idle = new Stack<Socket>();

    /// <summary>The daemon at path, else at $BEARERD_SOCKET, else at the usual place; timeout bounds a whole exchange.</summary>
    public Bearerd(string path = null, TimeSpan? timeout = null)
    {
        if (string.IsNullOrEmpty(path)) path = Environment.GetEnvironmentVariable("BEARERD_SOCKET");
        this.path = string.IsNullOrEmpty(path) ? "/run/bearerd/bearerd.sock" : path;
        this.timeout = timeout ?? TimeSpan.FromSeconds(2);
    }

    /// <summary>Judges the value of an Authorization header; "" or null if there is none.</summary>
    public Verdict Verify(string authorization, IReadOnlyDictionary<string, object> members = null) =>
        Ask("verify", "claims", authorization, members);

    public Verdict Introspect(string authorization, IReadOnlyDictionary<string, object> members = null) =>
        Ask("introspect", "introspection", authorization, members);

    Verdict Ask(string op, string member, string authorization, IReadOnlyDictionary<string, object> members)
    {
        Socket socket = null;
        try
        {
            var id = Process + "." + Interlocked.Increment(ref numbers);
            var request = new Dictionary<string, object>();
            foreach (var pair in members ?? request) request[pair.Key] = pair.Value;
            request["id"] = id;
            request["op"] = op;
            request["authorization"] = authorization ?? "";
            var line = Encoding.ASCII.GetBytes(Json.Write(request) + "\n");
            var deadline = new Deadline(timeout);
            lock (idle) if (idle.Count > 0) socket = idle.Pop();
            var isKept = socket != null;
            var reply = Converse(socket = socket ?? Connect(deadline), line, deadline);
            if (reply == null && isKept)
            {
                // A restart closed the kept connection; asking once more does no harm.
                socket.Dispose();
                reply = Converse(socket = Connect(deadline), line, deadline);
            }
            var end = Array.IndexOf(reply ?? throw new EndOfStreamException(), (byte)'\n');
            var verdict = Read(Json.Parse(reply, end), id, member);
            // Bytes that nobody asked for make the connection worthless, not the reply.
            lock (idle)
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

    /// <summary>Throws for whatever is no reply to this request.</summary>
    static Verdict Read(object json, string id, string member)
    {
        var reply = json as Dictionary<string, object>;
        if (reply == null || !id.Equals(reply.Get("id"))) throw new FormatException("not the reply to this request");
        var claims = reply.Get(member) as Dictionary<string, object>;
        // Equal to the boolean only, whatever else might pass for it.
        if (true.Equals(reply.Get("ok")) && claims != null)
            return new Verdict
            {
                Ok = true, Status = 200, Code = null, Claims = claims, Issuer = reply.Get("issuer") as string,
                Stale = true.Equals(reply.Get("stale")),
            };
        var error = reply.Get("error") as Dictionary<string, object>;
        if (!false.Equals(reply.Get("ok")) || error == null) throw new FormatException("neither a yes nor a no");
        var status = error.Get("status") as long?;
        if (!(status >= 400 && status <= 599)) throw new FormatException("no status of a refusal");
        var challenge = error.Get("www_authenticate") as string;
        // Nothing that could end a header's line.
        foreach (var character in challenge ?? "")
            if (character < ' ' || character > '~') challenge = null;
        var wait = error.Get("retry_after_ms") as long?;
        return new Verdict
        {
            Status = (int)status.Value, Code = error.Get("code") as string, WwwAuthenticate = challenge,
            RetryAfterMs = wait >= 0 ? wait : null,
        };
    }

    Socket Connect(Deadline deadline)
    {
        var address = new UnixEndPoint(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            while (true)
                try
                {
                    socket.Connect(address);
                    socket.Blocking = true;
                    return socket;
                }
                // A full backlog (EAGAIN) cannot be waited for.
                catch (SocketException fault) when (fault.SocketErrorCode == SocketError.WouldBlock && deadline.Left > 5)
                {
                    Thread.Sleep(5);
                }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>All that came with the reply's line; null if the connection was closed before a byte of it.</summary>
    static byte[] Converse(Socket socket, byte[] line, Deadline deadline)
    {
        var reply = new MemoryStream();
        try
        {
            for (var sent = 0; sent < line.Length;)
            {
                socket.SendTimeout = deadline.Left;
                sent += socket.Send(line, sent, line.Length - sent, SocketFlags.None);
            }
            var chunk = new byte[65536];
            while (true)
            {
                socket.ReceiveTimeout = deadline.Left;
                var count = socket.Receive(chunk);
                if (count == 0) throw new SocketException((int)SocketError.ConnectionReset);
                reply.Write(chunk, 0, count);
                if (reply.Length > MaximumReply) throw new FormatException("the reply is too long");
                if (Array.IndexOf(chunk, (byte)'\n', 0, count) >= 0) return reply.ToArray();
            }
        }
        catch (SocketException fault) when (reply.Length == 0 && (fault.SocketErrorCode == SocketError.ConnectionReset
            || fault.SocketErrorCode == SocketError.Shutdown || fault.SocketErrorCode == SocketError.ConnectionAborted))
        {
            return null;
        }
    }

    sealed class Deadline
    {
        readonly Stopwatch watch = Stopwatch.StartNew();
        readonly TimeSpan timeout;

        internal Deadline(TimeSpan timeout) { this.timeout = timeout; }

        /// <summary>Milliseconds; never 0, which a socket takes for no timeout at all.</summary>
        internal int Left
        {
            get
            {
                var left = (timeout - watch.Elapsed).TotalMilliseconds;
                if (left <= 0) throw new TimeoutException();
                return (int)Math.Ceiling(left);
            }
        }
    }

    /// <summary>A path, for Mono, which has no such class.</summary>
    sealed class UnixEndPoint : EndPoint
    {
        readonly byte[] path;

        internal UnixEndPoint(string path)
        {
            this.path = Encoding.UTF8.GetBytes(path);
            if (this.path.Length > MaximumPath) throw new ArgumentException("too long a path");
        }

        public override AddressFamily AddressFamily => AddressFamily.Unix;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Unix, 2 + path.Length + 1);
            for (var at = 0; at < path.Length; at++) address[2 + at] = path[at];
            return address;
        }
    }
}

/// <summary>JSON as dictionaries, lists, strings, long, decimal, double, bool and null.</summary>
static class Json
{
    static readonly XmlDictionaryReaderQuotas Quotas = new XmlDictionaryReaderQuotas
    {
        MaxDepth = 64, MaxStringContentLength = 1 << 20, MaxArrayLength = 1 << 20, MaxBytesPerRead = 1 << 20,
        MaxNameTableCharCount = 1 << 20,
    };

    internal static object Get(this Dictionary<string, object> json, string name) =>
        json.TryGetValue(name, out var value) ? value : null;

    internal static object Parse(byte[] bytes, int length)
    {
        using (var reader = JsonReaderWriterFactory.CreateJsonReader(bytes, 0, length, Encoding.UTF8, Quotas, null))
        {
            reader.MoveToContent();
            var value = Parse(reader);
            if (reader.Read()) throw new FormatException("more than one value");
            return value;
        }
    }

    /// <summary>The value whose element the reader is at; leaves it at the element's end.</summary>
    static object Parse(XmlReader reader)
    {
        var type = reader.GetAttribute("type") ?? "string";
        if (type != "object" && type != "array")
        {
            var text = "";
            if (!reader.IsEmptyElement)
                while (reader.Read() && reader.NodeType != XmlNodeType.EndElement) text += reader.Value;
            return Scalar(type, text);
        }
        var members = new Dictionary<string, object>();
        var elements = new List<object>();
        // The reader makes an attribute of it when it comes first.
        if (reader.GetAttribute("__type") is string) members.Add("__type", reader.GetAttribute("__type"));
        if (!reader.IsEmptyElement)
            while (reader.Read() && reader.NodeType != XmlNodeType.EndElement)
            {
                if (reader.NodeType != XmlNodeType.Element) continue;
                // A name that is none in XML stands in an attribute.
                var name = reader.GetAttribute("item") ?? reader.LocalName;
                var value = Parse(reader);
                if (type == "array") elements.Add(value);
                else members.Add(name, value);
            }
        return type == "array" ? (object)elements : members;
    }

    static object Scalar(string type, string text)
    {
        switch (type)
        {
            case "null": return null;
            case "boolean": return text == "true" ? true : text == "false" ? (object)false : throw new FormatException(text);
            case "number":
                var culture = CultureInfo.InvariantCulture;
                if (long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var whole)) return whole;
                if (decimal.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var large)) return large;
                // What no number can hold stays as it was written.
                return double.TryParse(text, NumberStyles.Float, culture, out var real) ? real : (object)text;
            default: return text;
        }
    }

    internal static string Write(object value)
    {
        if (value == null) return "null";
        if (value is bool) return (bool)value ? "true" : "false";
        if (value is IEnumerable<KeyValuePair<string, object>>)
        {
            var pairs = new List<string>();
            foreach (var pair in (IEnumerable<KeyValuePair<string, object>>)value)
                pairs.Add(Write(pair.Key) + ":" + Write(pair.Value));
            return "{" + string.Join(",", pairs) + "}";
        }
        if (!(value is string) && value is IEnumerable)
        {
            var values = new List<string>();
            foreach (var element in (IEnumerable)value) values.Add(Write(element));
            return "[" + string.Join(",", values) + "]";
        }
        var text = Convert.ToString(value, CultureInfo.InvariantCulture);
        if (!(value is string)) return text;
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
            if (character < ' ' || character > '~' || character == '"' || character == '\\')
                quoted.Append("\\u").Append(((int)character).ToString("x4"));
            else quoted.Append(character);
        return quoted.Append('"').ToString();
    }
}

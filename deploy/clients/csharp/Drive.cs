using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;

/// <summary>The conformance suite's driver of the C# client: a JSON line in, a JSON line out.</summary>
static class Drive
{
    static readonly Stream Output = Console.OpenStandardOutput();

    static void Main()
    {
        var timeout = Environment.GetEnvironmentVariable("BEARERD_TIMEOUT_MS") ?? "2000";
        var workers = int.Parse(Environment.GetEnvironmentVariable("BEARERD_WORKERS") ?? "0");
        var daemon = new Bearerd(null, TimeSpan.FromMilliseconds(int.Parse(timeout)));
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        var others = new List<string>();
        for (string line; (line = input.ReadLine()) != null;)
            if (workers == 0) Answer(daemon, line, workers);
            else others.Add(line);
        if (workers == 0) return;
        Answer(daemon, others[0], workers);
        var threads = Enumerable.Range(0, workers).Select(worker => new Thread(() =>
        {
            for (var at = 1 + worker; at < others.Count; at += workers) Answer(daemon, others[at], workers);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
    }

    static void Answer(Bearerd daemon, string line, int workers)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var members = (Dictionary<string, object>)Bearerd.ParseJson(bytes, bytes.Length);
        var authorization = (string)members["authorization"];
        members.Remove("authorization");
        var verdict = daemon.Verify(authorization, members);
        var answer = new Dictionary<string, object>
        {
            ["ok"] = verdict.Ok, ["status"] = verdict.Status,
            ["subject"] = verdict.Ok && verdict.Claims.TryGetValue("sub", out var subject) ? subject as string : null,
        };
        if (workers > 0) answer["authorization"] = authorization;
        var text = Encoding.ASCII.GetBytes(Bearerd.WriteJson(answer) + "\n");
        lock (Output) Output.Write(text, 0, text.Length);
    }
}

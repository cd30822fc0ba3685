using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace PolaFormer.Hub.Tests;

/// <summary>A server on this machine that behaves like the hub: a listing, redirects to where the bytes are, checksums, ranges, and what may go wrong.</summary>
internal sealed class HubServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly List<string> _requests = [];

    public HubServer()
    {
        // The port may be taken between the question and the answer.
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                int port = Random.Shared.Next(20_000, 60_000);
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
                _listener.Start();
                Address = new Uri($"http://127.0.0.1:{port}");
                break;
            }
            catch (HttpListenerException) when (attempt < 20)
            {
            }
        }

        _ = Task.Run(Serve);
    }

    public Uri Address { get; }

    /// <summary>Files of the repository owner/model.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>How many connections break off in the middle of the bytes.</summary>
    public int Breaks { get; set; }

    /// <summary>How many answers end in the middle of the bytes, on a connection that stays open.</summary>
    public int Stalls { get; set; }

    /// <summary>Bytes by which a range begins too late.</summary>
    public int RangeShift { get; set; }

    /// <summary>Whether each request for the bytes is redirected to the same address.</summary>
    public bool RedirectsInACircle { get; set; }

    /// <summary>Whether each request for the bytes is answered 416.</summary>
    public bool RefusesRanges { get; set; }

    /// <summary>The checksum that is given instead of the right one.</summary>
    public string? Tag { get; set; }

    /// <summary>The token without which nothing is given; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>Whether a request for a range gets the whole file.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>Method, path, range and authorization of what was asked.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public void Dispose() => _listener.Close();

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            try
            {
                Answer(context.Request, context.Response);
            }
            catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException)
            {
            }
        }
    }

    private void Answer(HttpListenerRequest request, HttpListenerResponse response)
    {
        string path = Uri.UnescapeDataString(request.Url!.AbsolutePath);
        lock (_requests)
            _requests.Add($"{path} {request.Headers["Range"]} {request.Headers["Authorization"]}");
        const string resolve = "/owner/model/resolve/main/", store = "/store/";
        if (Token is not null && !path.StartsWith(store, StringComparison.Ordinal) && request.Headers["Authorization"] != $"Bearer {Token}")
            End(response, 401);
        else if (path == "/api/models/owner/model/revision/main")
            Bytes(response, JsonSerializer.SerializeToUtf8Bytes(new { siblings = Files.Keys.Select(name => new { rfilename = name }) }));
        else if (path.StartsWith(resolve, StringComparison.Ordinal) && Files.TryGetValue(path[resolve.Length..], out byte[]? file))
            Redirect(response, path[resolve.Length..], file);
        else if (path.StartsWith(store, StringComparison.Ordinal) && Files.TryGetValue(path[store.Length..], out file))
            Content(request, response, file);
        else
            End(response, 404);
    }

    private void Redirect(HttpListenerResponse response, string name, byte[] file)
    {
        response.Headers["X-Linked-Etag"] = $"\"{Tag ?? Convert.ToHexStringLower(SHA256.HashData(file))}\"";
        response.RedirectLocation = $"/store/{name}";
        End(response, 302);
    }

    private void Content(HttpListenerRequest request, HttpListenerResponse response, byte[] file)
    {
        int from = 0;
        if (RedirectsInACircle)
        {
            response.RedirectLocation = request.Url!.AbsolutePath;
            End(response, 302);
            return;
        }

        if (RefusesRanges)
        {
            End(response, 416);
            return;
        }

        if (!IgnoresRanges && request.Headers["Range"] is { } range)
        {
            from = int.Parse(range.Split('=', '-')[1]) + RangeShift;
            if (from >= file.Length)
            {
                response.Headers["Content-Range"] = $"bytes */{file.Length}";
                End(response, 416);
                return;
            }

            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {from}-{file.Length - 1}/{file.Length}";
        }

        response.ContentLength64 = file.Length - from;
        if (Breaks > 0)
        {
            Breaks--;
            response.OutputStream.Write(file, from, (file.Length - from) / 2);
            response.OutputStream.Flush();
            response.Abort();
            return;
        }

        if (Stalls > 0)
        {
            Stalls--;
            response.OutputStream.Write(file, from, (file.Length - from) / 2);
            response.OutputStream.Flush();
            return;
        }

        response.OutputStream.Write(file, from, file.Length - from);
        response.Close();
    }

    private static void Bytes(HttpListenerResponse response, byte[] bytes)
    {
        response.ContentLength64 = bytes.Length;
        response.OutputStream.Write(bytes);
        response.Close();
    }

    private static void End(HttpListenerResponse response, int status)
    {
        response.StatusCode = status;
        response.ContentLength64 = 0;
        response.Close();
    }
}

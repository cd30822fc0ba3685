using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using PolaFormer.Files;

namespace PolaFormer.Hub;

/// <summary>Fetches files of the hub into a cache. A download that was broken off is taken up where it ended, and nothing appears under its name before its checksum is right.</summary>
/// <param name="options">Where, and how.</param>
public sealed class HubClient(HubOptions options) : IDisposable
{
    private const int MaxRequests = 8, MaxListBytes = 16 << 20, MaxNames = 20;

    // Redirects are followed here: the token goes to the hub alone, and the hub's own answer has the checksum.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(20) }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Where a file lies in the cache, fetched or not.</summary>
    public string PathOf(HubAddress address) =>
        Path.Combine([options.Cache, .. address.Repository.Split('/'), address.Revision, .. address.Path.Split('/')]);

    /// <summary>The file's path in the cache; it is fetched where it is not there.</summary>
    /// <param name="address">The file.</param>
    /// <param name="refresh">Whether to fetch it although it is there.</param>
    /// <param name="progress">Receives the number of bytes that arrived; null to report nothing.</param>
    /// <param name="stop">Breaks off; the next call goes on.</param>
    /// <exception cref="FileException">It cannot be fetched; one line says why and what to do.</exception>
    public async Task<string> Fetch(HubAddress address, bool refresh = false, IProgress<HubProgress>? progress = null, CancellationToken stop = default)
    {
        string path = PathOf(address);
        if (File.Exists(path) && !refresh)
            return path;
        if (options.IsOffline)
            throw new FileException($"{address}", $"it is not in the cache ({options.Cache}), and HF_HUB_OFFLINE forbids to fetch it. Unset that, or fetch the file where there is a network.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var download = HubDownload.Take(path, address);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await Continue(download, address, progress, stop).ConfigureAwait(false);
                download.Complete();
                return path;
            }
            catch (Exception error) when (IsBroken(error, stop) && attempt < options.Attempts)
            {
                await Task.Delay(options.Pause * Math.Pow(2, attempt - 1), stop).ConfigureAwait(false);
            }
            catch (Exception error) when (IsBroken(error, stop))
            {
                throw new FileException($"{address}", $"the connection to {options.Endpoint.Host} fails ({error.GetBaseException().Message.TrimEnd('.')}). What came is kept, and the same command goes on; or set HF_ENDPOINT to a mirror, or fetch the file elsewhere and name it.");
            }
        }
    }

    /// <summary>The names of a repository's files.</summary>
    /// <exception cref="FileException">There is no such repository, or no connection.</exception>
    public async Task<IReadOnlyList<string>> List(string repository, string revision = HubAddress.DefaultRevision, CancellationToken stop = default)
    {
        if (options.IsOffline)
            throw new FileException($"hf://{repository}", "HF_HUB_OFFLINE forbids to ask for its files. Unset that, or name a file in the cache.");
        var address = new Uri(options.Endpoint, $"/api/models/{repository}/revision/{Uri.EscapeDataString(revision)}");
        try
        {
            using HttpResponseMessage response = await Send(address, null, stop).ConfigureAwait(false);
            RequireSuccess(response, $"hf://{repository}");
            await using Stream stream = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
            using var bytes = new MemoryStream();
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = await Read(stream, buffer, stop).ConfigureAwait(false)) > 0 && bytes.Length <= MaxListBytes;)
                bytes.Write(buffer, 0, read);
            using JsonDocument document = JsonDocument.Parse(bytes.ToArray());
            return [.. document.RootElement.GetProperty("siblings").EnumerateArray().Select(file => file.GetProperty("rfilename").GetString()!).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FileException($"hf://{repository}", $"{options.Endpoint.Host} answers with something else than a list of files. Look at HF_ENDPOINT and at the proxy.");
        }
        catch (Exception error) when (IsBroken(error, stop))
        {
            throw new FileException($"hf://{repository}", $"there is no connection to {options.Endpoint.Host} ({error.GetBaseException().Message.TrimEnd('.')}). Set HF_ENDPOINT to a mirror, or fetch the file elsewhere and name it.");
        }
    }

    private static bool IsBroken(Exception error, CancellationToken stop) =>
        !stop.IsCancellationRequested && error is HttpRequestException or HttpIOException or OperationCanceledException or EndOfStreamException;

    // Asks the hub which version it has, and fetches what is missing of it.
    private async Task Continue(HubDownload download, HubAddress address, IProgress<HubProgress>? progress, CancellationToken stop)
    {
        var first = new Uri(options.Endpoint, $"/{address.Repository}/resolve/{Uri.EscapeDataString(address.Revision)}/{string.Join('/', address.Path.Split('/').Select(Uri.EscapeDataString))}");
        Uri next = first;
        for (int requests = 0; requests < MaxRequests; requests++)
        {
            bool isRest = download.Length > 0 && download.IsKnown;
            using HttpResponseMessage response = await Send(next, isRest ? download.Length : null, stop).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
                throw new FileException($"{address}", await Missing(address, stop).ConfigureAwait(false));
            // The hub's own answer says which version it is, what it redirects to may not.
            if (next == first && (Header(response, "X-Linked-Etag") ?? Header(response, "ETag")) is { } tag && download.Begin(tag) && response.StatusCode == HttpStatusCode.PartialContent)
                continue;

            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location)
            {
                next = new Uri(next, location);
                if (first.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
                    throw new FileException($"{address}", $"{options.Endpoint.Host} redirects to {next.Host} without encryption. Check HF_ENDPOINT and the proxy.");
                continue;
            }

            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && isRest)
            {
                if (response.Content.Headers.ContentRange?.Length == download.Length)
                    return;
                download.Restart();
                continue;
            }

            RequireSuccess(response, $"{address}");
            bool isPart = response.StatusCode == HttpStatusCode.PartialContent;
            if (isPart && response.Content.Headers.ContentRange?.From != download.Length)
            {
                download.Restart();
                continue;
            }

            if (!isPart)
                download.Restart();
            await Receive(response, download, progress, stop).ConfigureAwait(false);
            return;
        }

        throw new FileException($"{address}", $"{options.Endpoint.Host} redirects too often, or sends other bytes than were asked for. Check HF_ENDPOINT and the proxy.");
    }

    private async Task<HttpResponseMessage> Send(Uri address, long? from, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.ParseAdd("polaformer");
        if (options.Token is { } token && address.Host == options.Endpoint.Host && address.Port == options.Endpoint.Port && address.Scheme == options.Endpoint.Scheme)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (from is { } start)
            request.Headers.Range = new RangeHeaderValue(start, null);
        return await WithinStall(limit => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit), stop).ConfigureAwait(false);
    }

    private Task<int> Read(Stream stream, byte[] buffer, CancellationToken stop) => WithinStall(limit => stream.ReadAsync(buffer, limit).AsTask(), stop);

    // A connection that delivers nothing for StallTimeout counts as broken.
    private async Task<T> WithinStall<T>(Func<CancellationToken, Task<T>> step, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(options.StallTimeout);
        try
        {
            return await step(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new EndOfStreamException($"nothing came for {options.StallTimeout.TotalSeconds:0.#} seconds");
        }
    }

    private async Task Receive(HttpResponseMessage response, HubDownload download, IProgress<HubProgress>? progress, CancellationToken stop)
    {
        long? total = response.Content.Headers.ContentLength is { } length ? download.Length + length : null;
        await using Stream stream = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        byte[] buffer = new byte[1 << 17];
        for (int read; (read = await Read(stream, buffer, stop).ConfigureAwait(false)) > 0;)
        {
            download.Append(buffer.AsSpan(0, read));
            progress?.Report(new HubProgress(download.Length, total));
        }

        if (total is { } expected && download.Length < expected)
            throw new EndOfStreamException($"{download.Length} of {expected} bytes came");
    }

    private async Task<string> Missing(HubAddress address, CancellationToken stop)
    {
        IReadOnlyList<string> names;
        try
        {
            names = await List(address.Repository, address.Revision, stop).ConfigureAwait(false);
        }
        catch (FileException)
        {
            return "there is no such repository or file. Look at the names on the hub.";
        }

        return $"there is no such file. The repository holds {string.Join(", ", names.Take(MaxNames))}{(names.Count > MaxNames ? ", …" : "")}.";
    }

    private void RequireSuccess(HttpResponseMessage response, string name)
    {
        if (response.IsSuccessStatusCode)
            return;
        string advice = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "it is not open to everybody, or does not exist. Set HF_TOKEN to a token that may read it.",
            HttpStatusCode.NotFound => "there is no such repository. Look at its name on the hub.",
            HttpStatusCode.TooManyRequests => $"{options.Endpoint.Host} is asked too often from here. Wait some minutes, or set HF_TOKEN.",
            _ => $"{options.Endpoint.Host} answers {(int)response.StatusCode} {response.ReasonPhrase}. Try again later.",
        };
        if ((int)response.StatusCode >= 500)
            throw new HttpRequestException($"{(int)response.StatusCode} {response.ReasonPhrase}");
        throw new FileException(name, advice);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First().Trim().TrimStart('W', '/').Trim('"') : null;
}

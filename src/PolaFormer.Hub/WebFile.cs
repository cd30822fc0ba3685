using PolaFormer.Files;

namespace PolaFormer.Hub;

/// <summary>A small file by its address on the web: bounded in size and time, and never kept.</summary>
public static class WebFile
{
    private const int MaxRedirects = 5;

    private static readonly TimeSpan s_connect = TimeSpan.FromSeconds(10), s_whole = TimeSpan.FromSeconds(60);

    /// <summary>Whether a text is such an address: it begins with <c>http://</c> or <c>https://</c>.</summary>
    public static bool IsAddress(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The bytes at an address, by way of the proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.</summary>
    /// <param name="address">The address; at most five redirections are followed, none from https to http.</param>
    /// <param name="maxBytes">The most that it may have.</param>
    /// <param name="isOffline">Whether the network is not to be used.</param>
    /// <param name="stop">Breaks off.</param>
    /// <exception cref="FileException">It cannot be fetched within a minute, or has more bytes; one line says why and what to do.</exception>
    public static async Task<byte[]> Fetch(string address, long maxBytes, bool isOffline = false, CancellationToken stop = default)
    {
        if (isOffline)
            throw new FileException(address, "HF_HUB_OFFLINE forbids to use the network. Unset it, or name a file of this machine.");
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
            throw new FileException(address, "it is no address. One looks like https://example.org/photograph.jpg.");
        using var client = new HttpClient(new SocketsHttpHandler { MaxAutomaticRedirections = MaxRedirects, ConnectTimeout = s_connect }) { Timeout = s_whole };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("polaformer");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(s_whole);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw new FileException(address, $"{uri.Host} answers {(int)response.StatusCode} {response.ReasonPhrase}. Look at the address.");
            if (response.Content.Headers.ContentLength > maxBytes)
                throw new FileException(address, $"it has {response.Content.Headers.ContentLength} bytes, and at most {maxBytes} are fetched. Download it, then name the file.");
            await using Stream stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            return (await InputStream.ReadAllBytesAsync(stream, address, maxBytes, limit.Token).ConfigureAwait(false)).ToArray();
        }
        catch (Exception error) when (error is OperationCanceledException && !stop.IsCancellationRequested)
        {
            throw new FileException(address, $"{uri.Host} does not answer in {s_whole.TotalSeconds:0} seconds. Try again later, or download it elsewhere and name the file.", error);
        }
        catch (HttpRequestException error)
        {
            throw new FileException(address, $"it cannot be fetched ({error.GetBaseException().Message.TrimEnd('.')}). Look at the address, the network and the proxy, or download it elsewhere and name the file.", error);
        }
    }
}

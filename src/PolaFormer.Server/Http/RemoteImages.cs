using PolaFormer.Server.Protocol;

namespace PolaFormer.Server.Http;

/// <summary>Images that are fetched from addresses in requests: only below prefixes that the operator named, none by default.</summary>
internal sealed class RemoteImages : IDisposable
{
    private readonly Uri[] _prefixes;
    private readonly LimitOptions _limits;

    // An answer that leads elsewhere would lead around the prefixes.
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Takes the prefixes.</summary>
    /// <param name="prefixes">Beginnings of addresses, such as <c>https://images.example.org/photographs/</c>.</param>
    /// <param name="limits">The limit of a file.</param>
    /// <exception cref="ArgumentException">One is no address of HTTP, or its path does not end in a slash.</exception>
    public RemoteImages(IReadOnlyList<string> prefixes, LimitOptions limits)
    {
        _prefixes =
        [
            .. prefixes.Select(prefix => Uri.TryCreate(prefix, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http" && address.AbsolutePath.EndsWith('/')
                ? address
                : throw new ArgumentException($"--url-prefix takes the beginning of an address that ends in a slash, such as https://images.example.org/, not '{prefix}'.")),
        ];
        (_limits, _client.MaxResponseContentBufferSize) = (limits, limits.MaxBodyBytes);
    }

    /// <summary>An address, where it lies below a prefix.</summary>
    /// <exception cref="ServingException">It does not.</exception>
    public Uri Allowed(string text)
    {
        if (_prefixes.Length == 0)
            throw ServingException.Forbidden("This server fetches no addresses. Send the image itself.");
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.UserInfo.Length == 0 && _prefixes.Any(prefix => prefix.IsBaseOf(address))
            ? address
            : throw ServingException.Forbidden($"The address {InferTensor.Shown(text)} is not below one that this server fetches from.");
    }

    /// <summary>Fetches a file.</summary>
    /// <exception cref="ServingException">It is not to be had, or too large.</exception>
    public async Task<byte[]> FetchAsync(Uri address, CancellationToken aborted)
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(address, aborted);
            return response.IsSuccessStatusCode ? await response.Content.ReadAsByteArrayAsync(aborted) : throw ServingException.Unprocessable($"{InferTensor.Shown(address.ToString())} answers with the status {(int)response.StatusCode}.");
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !aborted.IsCancellationRequested))
        {
            throw ServingException.Unprocessable($"{InferTensor.Shown(address.ToString())} cannot be fetched, or has more than {_limits.MaxBodyBytes} bytes.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}

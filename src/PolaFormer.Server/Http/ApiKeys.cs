using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using PolaFormer.Files;

namespace PolaFormer.Server.Http;

/// <summary>The keys that requests must carry, as <c>Authorization: Bearer KEY</c> or <c>X-Api-Key: KEY</c>; none where there is no file of them.</summary>
internal sealed class ApiKeys
{
    private const int MaxFileBytes = 1 << 20, LeastLength = 16;
    private const string Scheme = "Bearer ";

    // What everyone may see: whether the server answers, and the page, which asks for a key itself.
    private static readonly HashSet<string> s_open = new(StringComparer.Ordinal) { "/", "/page.js", "/page.css", "/api", "/api.js", "/openapi.json", "/icon.svg", "/v2/health/live", "/v2/health/ready" };

    // Digests have one length, so that comparing them tells nothing of a key.
    private readonly byte[][] _digests;

    private ApiKeys(byte[][] digests) => _digests = digests;

    /// <summary>Reads a file with a key a line; empty lines and those that begin with # are left out.</summary>
    /// <param name="path">The file; null for no keys.</param>
    /// <exception cref="FileException">It cannot be read, holds no key or a short one.</exception>
    public static ApiKeys Read(string? path)
    {
        if (path is null)
            return new ApiKeys([]);
        string[] keys = [.. InputFile.ReadAllLines(path, MaxFileBytes).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')];
        if (keys.Length == 0)
            throw new FileException(path, "it holds no key. Write one a line.");
        if (keys.Any(key => key.Length < LeastLength))
            throw new FileException(path, $"a key is shorter than {LeastLength} characters. Make keys with: openssl rand -hex 32");
        return new ApiKeys([.. keys.Select(Digest)]);
    }

    /// <summary>Refuses a request without a key.</summary>
    /// <exception cref="ServingException">It has none, or a wrong one.</exception>
    public Task Invoke(HttpContext context, RequestDelegate next)
    {
        if (_digests.Length > 0 && !s_open.Contains(context.Request.Path.Value ?? "") && !IsKnown(context.Request.Headers))
            throw ServingException.Unauthorized("Send a key of this server as 'Authorization: Bearer KEY'.");
        return next(context);
    }

    private bool IsKnown(IHeaderDictionary headers)
    {
        string? bearer = headers.Authorization, key = bearer?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true ? bearer[Scheme.Length..].Trim() : headers["X-Api-Key"];
        if (string.IsNullOrEmpty(key))
            return false;
        byte[] digest = Digest(key);
        bool isKnown = false;
        foreach (byte[] known in _digests)
            isKnown |= CryptographicOperations.FixedTimeEquals(known, digest);
        return isKnown;
    }

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

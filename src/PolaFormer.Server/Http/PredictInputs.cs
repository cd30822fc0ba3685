using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using PolaFormer.Server.Inference;
using PolaFormer.Server.Protocol;

namespace PolaFormer.Server.Http;

/// <summary>
/// What a request to <c>/v1/predict</c> carries: one image or text as it is, a form with several, or a list of addresses. Everything is
/// read in memory; nothing goes to a disk.
/// </summary>
internal sealed class PredictInputs(LimitOptions limits, RemoteImages remote)
{
    private const int MaxBoundaryLength = 100, MaxPartHeaders = 16;

    /// <summary>Reads the inputs, each with the name that the client gave it.</summary>
    /// <param name="contentType">The type of the body.</param>
    /// <param name="body">The body; image files are parts of it.</param>
    /// <param name="wantsEmbedding">Whether embeddings are asked for.</param>
    /// <param name="aborted">The client has gone away.</param>
    /// <exception cref="ServingException">The body is of a type that is not taken, or malformed.</exception>
    public async Task<IReadOnlyList<(string Name, InputData Data)>> ReadAsync(string? contentType, ReadOnlyMemory<byte> body, bool wantsEmbedding, CancellationToken aborted)
    {
        MediaTypeHeaderValue? type = MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? parsed) ? parsed : null;
        return type?.MediaType.Value?.ToLowerInvariant() switch
        {
            // The third is what curl says of any bytes.
            null or "application/octet-stream" or "application/x-www-form-urlencoded" => [("", new ImageFile(body) { WantsEmbedding = wantsEmbedding })],
            string image when image.StartsWith("image/", StringComparison.Ordinal) => [("", new ImageFile(body) { WantsEmbedding = wantsEmbedding })],
            "text/plain" => [("", new Text(body.ToArray()))],
            "multipart/form-data" => await ReadFormAsync(type, body, wantsEmbedding, aborted),
            "application/json" => await FetchAsync(body, wantsEmbedding, aborted),
            _ => throw ServingException.UnsupportedType("Send an image (image/*, application/octet-stream), a text (text/plain) or a form (multipart/form-data)."),
        };
    }

    private async Task<IReadOnlyList<(string Name, InputData Data)>> ReadFormAsync(MediaTypeHeaderValue type, ReadOnlyMemory<byte> body, bool wantsEmbedding, CancellationToken aborted)
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value ?? "";
        if (boundary.Length is 0 or > MaxBoundaryLength)
            throw ServingException.BadRequest("The form has no boundary, or a very long one.");
        var inputs = new List<(string Name, InputData Data)>();
        byte[]? first = null, second = null;
        try
        {
            using var stream = new MemoryStream(body.ToArray(), writable: false);
            var reader = new MultipartReader(boundary, stream) { HeadersCountLimit = MaxPartHeaders, HeadersLengthLimit = limits.MaxHeaderBytes, BodyLengthLimit = limits.MaxBodyBytes };
            while (await reader.ReadNextSectionAsync(aborted) is { } section)
            {
                using var content = new MemoryStream();
                await section.Body.CopyToAsync(content, aborted);
                ContentDispositionHeaderValue? disposition = ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? found) ? found : null;
                string field = HeaderUtilities.RemoveQuotes(disposition?.Name ?? default).Value ?? "";
                switch (field)
                {
                    case "text" when disposition!.FileName.Length == 0:
                        first = content.ToArray();
                        break;
                    case "second" when disposition!.FileName.Length == 0:
                        second = content.ToArray();
                        break;
                    default:
                        string name = HeaderUtilities.RemoveQuotes(disposition?.FileName ?? default).Value ?? "";
                        inputs.Add((InferTensor.Shown(name.Length > 0 ? name : field), new ImageFile(content.ToArray()) { WantsEmbedding = wantsEmbedding }));
                        break;
                }

                if (inputs.Count > limits.MaxItems)
                    throw ServingException.TooLarge($"The form has more than {limits.MaxItems} inputs.");
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException or FormatException)
        {
            throw ServingException.BadRequest("The form is malformed or ends early.");
        }

        if (first is not null)
            inputs.Add(("", new Text(first, second)));
        else if (second is not null)
            throw ServingException.BadRequest("The form has the field 'second' without 'text'.");
        return inputs.Count > 0 ? inputs : throw ServingException.BadRequest("The form has neither a file nor the field 'text'.");
    }

    // {"urls": ["https://…"]}
    private async Task<IReadOnlyList<(string Name, InputData Data)>> FetchAsync(ReadOnlyMemory<byte> body, bool wantsEmbedding, CancellationToken aborted)
    {
        string[] addresses = InferJson.Parsed(body, root => root.GetProperty("urls").EnumerateArray().Select(address => address.GetString() ?? "").ToArray());
        if (addresses.Length > limits.MaxItems)
            throw ServingException.TooLarge($"The request has {addresses.Length} inputs; at most {limits.MaxItems} are taken.");
        Uri[] allowed = [.. addresses.Select(remote.Allowed)];
        byte[][] files = await Task.WhenAll(allowed.Select(address => remote.FetchAsync(address, aborted)));
        return [.. files.Zip(addresses, (file, address) => (InferTensor.Shown(address), (InputData)new ImageFile(file) { WantsEmbedding = wantsEmbedding }))];
    }
}

using PolaFormer.Hub;
using PolaFormer.Vision;

namespace PolaFormer.Cli;

/// <summary>Where <c>predict</c> takes images from: files, folders, the network, standard input.</summary>
internal static class ImageSources
{
    private const long MaxInputBytes = 256 << 20;
    private const string StandardInput = "-";

    /// <summary>Folders replaced by the images in them and below them; other sources as they are.</summary>
    /// <exception cref="ArgumentException">A folder holds no image.</exception>
    public static List<string> Expand(IEnumerable<string> sources)
    {
        var images = new List<string>();
        foreach (string source in sources)
        {
            if (!Directory.Exists(source))
            {
                images.Add(source);
                continue;
            }

            IReadOnlyList<string> found = ImageFiles.In(source, recursive: true);
            if (found.Count == 0)
                throw new ArgumentException($"{source} holds no images (looked for {string.Join(", ", ImageFiles.Extensions)}).");
            images.AddRange(found);
        }

        return images;
    }

    /// <summary>Decodes an image; from the network and from standard input at most 256 MiB.</summary>
    /// <param name="source">A path, an address that begins with <c>http://</c> or <c>https://</c>, or <c>-</c>.</param>
    /// <param name="options">Limits and orientation.</param>
    /// <exception cref="ImageException">It is no intact image; the message begins with the source.</exception>
    /// <exception cref="Files.FileException">The address cannot be fetched.</exception>
    public static Image Decode(string source, ImageDecodeOptions options)
    {
        ImageDecodeOptions bounded = options with { ByteLimit = Math.Min(options.ByteLimit, MaxInputBytes) };
        if (source == StandardInput)
        {
            using Stream input = Console.OpenStandardInput();
            return ImageDecoder.Decode(input, bounded, "standard input");
        }

        if (!WebFile.IsAddress(source))
            return ImageDecoder.Decode(source, options);
        using var file = new MemoryStream(WebFile.Fetch(source, bounded.ByteLimit, HubOptions.FromEnvironment().IsOffline).GetAwaiter().GetResult());
        return ImageDecoder.Decode(file, bounded, source);
    }
}

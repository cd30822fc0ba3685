using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Data;

/// <summary>Images in one folder, masks of the same names in another, in folders below, too: gray or palette PNG whose values are classes, or images whose colours are.</summary>
public sealed class MaskFolder : ISegmentationDataset
{
    private static readonly string[] s_extensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".tif", ".tiff", ".webp"];

    private readonly MaskFolderOptions _options;
    private readonly (string Image, string Mask)[] _pairs;
    private readonly Dictionary<ClassColor, byte>? _classOfColor;

    /// <summary>Lists the images that are given, each with its mask.</summary>
    private MaskFolder((string Image, string Mask)[] pairs, MaskFolderOptions options)
    {
        (_pairs, _options) = (pairs, options);
        _classOfColor = options.Colors?.Colors.Select((color, i) => (color, i)).ToDictionary(entry => entry.color, entry => (byte)entry.i);
    }

    /// <inheritdoc/>
    public int Count => _pairs.Length;

    /// <summary>Pairs images and masks by name.</summary>
    /// <param name="images">Folder of the images.</param>
    /// <param name="masks">Folder of the masks.</param>
    /// <param name="options">How masks are read.</param>
    /// <exception cref="ImageException">A folder is missing or holds no image, or an image has no mask; the message names it.</exception>
    public static MaskFolder Open(string images, string masks, MaskFolderOptions? options = null)
    {
        options ??= new MaskFolderOptions();
        foreach (string folder in (string[])[images, masks])
        {
            if (!Directory.Exists(folder))
                throw new ImageException($"{folder}: there is no such folder. Name the folders of the images and of their masks.");
        }

        Dictionary<string, string> maskOf = Listed(masks)
            .Where(path => Stem(masks, path).EndsWith(options.MaskSuffix, StringComparison.Ordinal))
            .GroupBy(path => Stem(masks, path)[..^options.MaskSuffix.Length])
            .ToDictionary(group => group.Key, group => group.First());
        string[] found = Listed(images);
        if (found.Length == 0)
            throw new ImageException($"{images}: the folder holds no image.");
        string[] alone = [.. found.Where(path => !maskOf.ContainsKey(Stem(images, path)))];
        if (alone.Length > 0)
            throw new ImageException($"{alone[0]}: there is no mask {Stem(images, alone[0])}{options.MaskSuffix}.png in {masks}{(alone.Length > 1 ? $", nor of {alone.Length - 1} other images" : "")}.");
        return new MaskFolder([.. found.Select(path => (path, maskOf[Stem(images, path)]))], options);
    }

    /// <summary>A part of the images, chosen by a seed, and the rest.</summary>
    /// <param name="share">Share of the first part, in (0, 1).</param>
    /// <param name="seed">Seed of the choice.</param>
    public (MaskFolder First, MaskFolder Second) Split(double share, ulong seed)
    {
        var random = new Random((int)(seed ^ (seed >> 32)));
        (string Image, string Mask)[] mixed = [.. _pairs];
        random.Shuffle(mixed);
        int count = Math.Clamp((int)Math.Round(share * mixed.Length), 1, Math.Max(1, mixed.Length - 1));
        return (new MaskFolder([.. mixed.Take(count).OrderBy(pair => pair.Image, StringComparer.Ordinal)], _options), new MaskFolder([.. mixed.Skip(count).OrderBy(pair => pair.Image, StringComparer.Ordinal)], _options));
    }

    /// <inheritdoc/>
    public string NameOf(int index) => _pairs[index].Image;

    /// <inheritdoc/>
    public (Image Image, LabelMap Labels) Read(int index)
    {
        (string imagePath, string maskPath) = _pairs[index];
        LabelMap labels = ReadMask(maskPath);
        Image image = ImageDecoder.Decode(imagePath);
        if (image.Width != labels.Width || image.Height != labels.Height)
        {
            string message = $"{maskPath}: the mask has {labels.Width}×{labels.Height} pixels, and its image {imagePath} {image.Width}×{image.Height}.";
            image.Dispose();
            throw new ImageException(message);
        }

        return (image, labels);
    }

    private LabelMap ReadMask(string path)
    {
        LabelMap labels = _classOfColor is null ? ReadValues(path) : ReadColors(path);
        if (_options.ReduceZeroLabel)
            labels = labels.WithoutZero();
        if (_options.Classes is not { } classes)
            return labels;
        int wrong = Array.FindIndex(labels.Values, value => value != LabelMap.Ignored && value >= classes);
        return wrong < 0
            ? labels
            : throw new ImageException($"{path}: pixel ({wrong % labels.Width}, {wrong / labels.Width}) is of class {labels.Values[wrong]}, and there are {classes} classes; {LabelMap.Ignored} is what counts nowhere.");
    }

    private static LabelMap ReadValues(string path) => IndexedImage.Read(path) is { } mask
        ? new LabelMap(mask.Width, mask.Height, mask.Values)
        : throw new ImageException($"{path}: a mask is a gray or palette PNG of at most 8 bits. For masks in colours give the colours of the classes.");

    private LabelMap ReadColors(string path)
    {
        using Image image = ImageDecoder.Decode(path);
        byte[] values = new byte[image.Width * image.Height];
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0; i < values.Length; i++)
        {
            var color = new ClassColor(pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]);
            values[i] = _classOfColor!.TryGetValue(color, out byte value)
                ? value
                : throw new ImageException($"{path}: pixel ({i % image.Width}, {i / image.Width}) has the colour {color.Red} {color.Green} {color.Blue}, which is no class's.");
        }

        return new LabelMap(image.Width, image.Height, values);
    }

    private static string[] Listed(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => s_extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) && !Path.GetFileName(path).StartsWith('.'))
            .Order(StringComparer.Ordinal),
    ];

    private static string Stem(string folder, string path) => Path.ChangeExtension(Path.GetRelativePath(folder, path), null);
}

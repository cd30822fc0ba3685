using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using PolaFormer.Files;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// WebDataset shards: tar archives in which the files of a sample lie together under one key, <c>key.jpg</c> with <c>key.cls</c> (a label as
/// text) or <c>key.json</c> (its <c>label</c>); other files of the sample are passed over. The headers are read once, at opening; images
/// are read where they lie.
/// </summary>
internal sealed class ImageShards : IImageDataset
{
    private const long MaxLabelBytes = 1 << 20;

    private readonly string[] _paths;
    private readonly FileStream[] _files;
    private readonly List<Sample> _samples = [];
    private readonly List<int> _shardStarts = [];

    /// <summary>Lists the samples.</summary>
    /// <param name="paths">The shards in order.</param>
    /// <param name="classes">Classes that there are to be; null for as many as the largest label says.</param>
    /// <exception cref="ImageException">A shard is missing or damaged, a sample lacks its image or label, has one twice, or its label is out of range.</exception>
    public ImageShards(IReadOnlyList<string> paths, int? classes)
    {
        _paths = [.. paths];
        _files = new FileStream[_paths.Length];
        var names = new LabelNames(Path.GetDirectoryName(Path.GetFullPath(_paths[0]))!, classes);
        for (int shard = 0; shard < _paths.Length; shard++)
        {
            int first = _samples.Count;
            try
            {
                _files[shard] = InputFile.Open(_paths[shard]);
                Scan(shard, names);
            }
            catch (Exception error) when (ImageException.Explains(error) || error is JsonException)
            {
                throw ImageException.Of(_paths[shard], error);
            }
            if (_samples.Count > first)
                _shardStarts.Add(first);
        }
        if (_samples.Count == 0)
            throw new ImageException($"{_paths[0]}: the shards hold no samples");
        Classes = names.Names;
    }

    private readonly record struct Sample(int Shard, int Label, long Offset, int Length, string Name);

    /// <inheritdoc/>
    public int Count => _samples.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> ShardStarts => _shardStarts;

    /// <inheritdoc/>
    public ImageSample Get(int index)
    {
        Sample sample = _samples[index];
        string name = $"{Path.GetFileName(_paths[sample.Shard])}@/{sample.Name}";
        return new(TarScan.Read(_files[sample.Shard].SafeFileHandle, sample.Offset, sample.Length, name), sample.Label, name);
    }

    private void Scan(int shard, LabelNames names)
    {
        string path = _paths[shard];
        var keys = new HashSet<string>();
        string? key = null;
        Sample? image = null;
        int? label = null;
        foreach (TarEntry file in Files(path))
        {
            (string fileKey, string kind) = Split(file.Name);
            if (fileKey != key)
            {
                Finish();
                (key, image, label) = (fileKey, null, null);
                if (!keys.Add(key))
                    throw new ImageException($"{path}: the files of {key} are not together, or the key stands for two samples");
            }
            string where = $"{path}: {file.Name}";
            if (ImageFileNames.Extensions.Contains(kind))
            {
                if (image is not null)
                    throw new ImageException($"{where}: a second image of {key}");
                if (file.Length > IImageArchive.MaxEntryBytes)
                    throw new ImageException($"{where} has {file.Length} bytes, more than an image file may have ({IImageArchive.MaxEntryBytes})");
                image = new(shard, 0, file.Offset, (int)file.Length, file.Name);
            }
            else if (kind is ".cls" or ".json" && ReadLabel(_files[shard].SafeFileHandle, file, kind, where) is { } text)
            {
                int value = names.Parse(text, where);
                if (label is not null && label != value)
                    throw new ImageException($"{where}: a second label of {key}");
                label = value;
            }
        }
        Finish();

        void Finish()
        {
            if (image is { } found && label is { } value)
                _samples.Add(found with { Label = value });
            else if (image is not null || label is not null)
                throw new ImageException($"{path}: {key} has {(image is null ? "a label but no image" : "an image but no label (.cls, or .json with \"label\")")}");
        }
    }

    /// <summary>The files of a shard that are not passed over; a link is the file that it leads to, under the link's name.</summary>
    private static IEnumerable<TarEntry> Files(string path)
    {
        Dictionary<string, TarEntry>? targets = null;
        foreach (TarEntry entry in Open().Entries().Where(entry => !ImageFileNames.IsPassedOver(entry.Name)))
        {
            if (!entry.IsLink)
            {
                yield return entry;
                continue;
            }
            targets ??= TarLinks.Find(Open, Open().Entries().Select(link => link.Target).OfType<string>(), (_, file) => file);
            if (entry.Target is null || !targets.TryGetValue(entry.Target, out TarEntry target))
                throw new ImageException($"{path}: {entry.Name} is a link to {entry.Target ?? "a file outside"}, which the shard does not hold. Pack the files themselves (tar --dereference)");
            yield return target with { Name = entry.Name };
        }

        TarScan Open()
        {
            FileStream file = InputFile.Open(path);
            return new(file, path, file.Length);
        }
    }

    /// <summary>The key ends at the first dot of the file's name, so that <c>a/b.seg.png</c> belongs to <c>a/b</c>.</summary>
    private static (string Key, string Kind) Split(string name)
    {
        int dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
        return dot < 0 ? (name, "") : (name[..dot], name[dot..].ToLowerInvariant());
    }

    /// <summary>What the file says the label is; null for JSON that says nothing of it.</summary>
    private static string? ReadLabel(SafeFileHandle shard, TarEntry file, string kind, string where)
    {
        if (file.Length > MaxLabelBytes)
            throw new ImageException($"{where} has {file.Length} bytes, more than a label may have ({MaxLabelBytes})");
        byte[] data = TarScan.Read(shard, file.Offset, (int)file.Length, where);
        if (kind == ".cls")
            return Encoding.UTF8.GetString(data);
        using JsonDocument json = JsonDocument.Parse(data);
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("label", out JsonElement label) ? label.ToString() : null;
    }
}

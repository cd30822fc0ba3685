namespace PolaFormer.Vision.Loading;

/// <summary>Decoded images and their labels kept in memory, up to a number of bytes. First come, first kept.</summary>
internal sealed class PixelCache(int count, long capacity)
{
    private readonly Entry?[] _entries = capacity > 0 ? new Entry?[count] : [];
    private long _free = capacity;

    /// <summary>A kept image.</summary>
    public sealed record Entry(Image Image, int Label);

    /// <summary>The image of a position, or null.</summary>
    public Entry? Find(int index) => _entries.Length > 0 ? Volatile.Read(ref _entries[index]) : null;

    /// <summary>Keeps a copy if there is room.</summary>
    public void Offer(int index, Image image, int label)
    {
        if (_entries.Length == 0 || Find(index) is not null)
            return;
        long bytes = image.Pixels.Length + Image.Slack;
        if (Interlocked.Add(ref _free, -bytes) < 0)
            Interlocked.Add(ref _free, bytes);
        else
            Volatile.Write(ref _entries[index], new(image.ToUnpooled(), label));
    }
}

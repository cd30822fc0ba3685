namespace PolaFormer.Vision.Loading;

/// <summary>Decoded images kept in memory, up to a number of bytes. First come, first kept.</summary>
internal sealed class PixelCache(int count, long capacity)
{
    private readonly Image?[] _images = capacity > 0 ? new Image?[count] : [];
    private long _free = capacity;

    public Image? Find(int index) => _images.Length > 0 ? Volatile.Read(ref _images[index]) : null;

    /// <summary>Keeps a copy if there is room.</summary>
    public void Offer(int index, Image image)
    {
        if (_images.Length == 0 || Find(index) is not null)
            return;
        long bytes = image.Pixels.Length + Image.Slack;
        if (Interlocked.Add(ref _free, -bytes) < 0)
            Interlocked.Add(ref _free, bytes);
        else
            Volatile.Write(ref _images[index], image.ToUnpooled());
    }
}

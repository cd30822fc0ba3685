using System.Buffers;

namespace PolaFormer.Vision;

/// <summary>
/// An RGB image of 8 bits a channel: rows from top to bottom, pixels interleaved, (Height, Width, 3).
/// Disposing it hands the pixels back to the array pool; that is worth while in loops and optional elsewhere.
/// </summary>
public sealed class Image : IDisposable
{
    /// <summary>Channels of a pixel: red, green, blue.</summary>
    public const int Channels = 3;

    /// <summary>Readable bytes behind the last pixel, so that vector loads near the end need no special case.</summary>
    internal const int Slack = 64;

    /// <summary>The most pixels one array can hold.</summary>
    internal const long MaxPixels = (0x7FFF_FFC7L - Slack) / Channels;

    private readonly bool _pooled = true;
    private byte[]? _buffer;

    /// <summary>Takes memory for an image; the pixels hold arbitrary values.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive, or the pixels do not fit one array.</exception>
    public Image(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)width * height, MaxPixels, nameof(height));
        Width = width;
        Height = height;
        _buffer = ArrayPool<byte>.Shared.Rent((width * height * Channels) + Slack);
    }

    /// <summary>Makes an image from pixels in memory, which are copied.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="pixels">Height · Width · 3 bytes, RGB interleaved.</param>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another length.</exception>
    public Image(int width, int height, ReadOnlySpan<byte> pixels) : this(width, height)
    {
        if (pixels.Length != Pixels.Length)
            throw new ArgumentException($"An image of {width}×{height} takes {Pixels.Length} bytes, not {pixels.Length}.", nameof(pixels));
        pixels.CopyTo(Pixels);
    }

    /// <summary>An image that keeps its own array, for long: nothing wasted, and disposing it does nothing.</summary>
    private Image(int width, int height, byte[] buffer) => (Width, Height, _buffer, _pooled) = (width, height, buffer, false);

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Bytes of one row.</summary>
    public int Stride => Width * Channels;

    /// <summary>All pixels: Height · Width · 3 bytes.</summary>
    /// <exception cref="ObjectDisposedException">The image was disposed.</exception>
    public Span<byte> Pixels => Buffer.AsSpan(0, Height * Stride);

    /// <summary>The pixels with <see cref="Slack"/> readable and writable bytes behind them.</summary>
    internal Span<byte> PaddedPixels => Buffer.AsSpan(0, (Height * Stride) + Slack);

    private byte[] Buffer => _buffer ?? throw new ObjectDisposedException(nameof(Image));

    /// <summary>The pixels of one row: Width · 3 bytes.</summary>
    /// <param name="y">Row, counted from the top.</param>
    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height, nameof(y));
        return Buffer.AsSpan(y * Stride, Stride);
    }

    /// <summary>A copy of a rectangle of the image.</summary>
    /// <param name="region">A rectangle inside the image.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle is empty or leaves the image.</exception>
    public Image Crop(PixelRect region)
    {
        region.RequireInside(Width, Height);
        var result = new Image(region.Width, region.Height);
        for (int y = 0; y < region.Height; y++)
            Row(region.Y + y).Slice(region.X * Channels, result.Stride).CopyTo(result.Row(y));
        return result;
    }

    /// <summary>A copy outside of the pool, to be kept.</summary>
    internal Image ToUnpooled()
    {
        byte[] buffer = new byte[Pixels.Length + Slack];
        Pixels.CopyTo(buffer);
        return new(Width, Height, buffer);
    }

    /// <summary>Gives the memory back; using the pixels afterwards throws.</summary>
    public void Dispose()
    {
        if (!_pooled)
            return;
        byte[]? buffer = Interlocked.Exchange(ref _buffer, null);
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}

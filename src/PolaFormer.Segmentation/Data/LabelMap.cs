using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;

namespace PolaFormer.Segmentation.Data;

/// <summary>The class of every pixel of an image.</summary>
public sealed class LabelMap
{
    /// <summary>The class of a pixel that counts nowhere.</summary>
    public const byte Ignored = 255;

    /// <summary>Takes classes over.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="values">(height, width).</param>
    /// <exception cref="ArgumentException">There are more or fewer values than pixels.</exception>
    public LabelMap(int width, int height, byte[] values)
    {
        if (values.Length != (long)width * height)
            throw new ArgumentException($"A map of {width}×{height} pixels takes {(long)width * height} values, not {values.Length}.", nameof(values));
        (Width, Height, Values) = (width, height, values);
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Classes, (Height, Width).</summary>
    public byte[] Values { get; }

    /// <summary>ADE20K's rule in 8 bits: class 0, other things, becomes <see cref="Ignored"/>, every other class one less; 255 stays.</summary>
    public LabelMap WithoutZero()
    {
        byte[] values = new byte[Values.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = Values[i] is 0 or 255 ? Ignored : (byte)(Values[i] - 1);
        return new LabelMap(Width, Height, values);
    }

    /// <summary>Resized by nearest neighbours.</summary>
    public LabelMap Resized(int width, int height) => new(width, height, NearestResize.Apply(Values, Width, Height, width, height));

    /// <summary>A copy of a rectangle inside the map.</summary>
    public LabelMap Cropped(PixelRect region)
    {
        byte[] values = new byte[region.Width * region.Height];
        for (int y = 0; y < region.Height; y++)
            Values.AsSpan(((region.Y + y) * Width) + region.X, region.Width).CopyTo(values.AsSpan(y * region.Width));
        return new LabelMap(region.Width, region.Height, values);
    }

    /// <summary>Left and right exchanged.</summary>
    public LabelMap Flipped()
    {
        byte[] values = (byte[])Values.Clone();
        for (int y = 0; y < Height; y++)
            values.AsSpan(y * Width, Width).Reverse();
        return new LabelMap(Width, Height, values);
    }

    /// <summary>Enlarged to at least a size by ignored pixels at the right and below.</summary>
    public LabelMap Padded(int width, int height)
    {
        (width, height) = (Math.Max(width, Width), Math.Max(height, Height));
        if (width == Width && height == Height)
            return this;
        byte[] values = new byte[width * height];
        values.AsSpan().Fill(Ignored);
        for (int y = 0; y < Height; y++)
            Values.AsSpan(y * Width, Width).CopyTo(values.AsSpan(y * width));
        return new LabelMap(width, height, values);
    }
}

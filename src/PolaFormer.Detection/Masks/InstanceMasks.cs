using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Masks;

/// <summary>The masks of an image's objects, one size for all; each operation gives new ones (mmdetection's structures).</summary>
/// <param name="height">Rows.</param>
/// <param name="width">Columns.</param>
public abstract class InstanceMasks(int height, int width)
{
    /// <summary>Rows.</summary>
    public int Height { get; } = height;

    /// <summary>Columns.</summary>
    public int Width { get; } = width;

    /// <summary>How many.</summary>
    public abstract int Count { get; }

    /// <summary>Pixels of each.</summary>
    public abstract double[] Areas { get; }

    /// <summary>The smallest box around each.</summary>
    public abstract Box[] Bounds { get; }

    /// <summary>At another size.</summary>
    public abstract InstanceMasks Resized(int height, int width);

    /// <summary>Mirrored left to right, top to bottom, or both.</summary>
    public abstract InstanceMasks Flipped(bool horizontally, bool vertically);

    /// <summary>The part of an image that is cut to a window.</summary>
    public abstract InstanceMasks Cropped(int x, int y, int width, int height);

    /// <summary>With empty rows below and columns at the right.</summary>
    public abstract InstanceMasks Padded(int height, int width);

    /// <summary>Some of them.</summary>
    public abstract InstanceMasks Chosen(IReadOnlyList<int> numbers);

    /// <summary>One as a bitmap (height, width).</summary>
    public abstract byte[] Bitmap(int number);

    /// <summary>Each region of its object's mask at another size, set where at least half: the targets of a mask head, (regions, height, width).</summary>
    /// <param name="regions">Boxes in pixels.</param>
    /// <param name="objects">The number of each region's object.</param>
    /// <param name="height">Rows of a target.</param>
    /// <param name="width">Columns of a target.</param>
    public abstract float[] Targets(IReadOnlyList<Box> regions, IReadOnlyList<int> objects, int height, int width);

    /// <summary>At the largest size of the same proportions within a long and a short side.</summary>
    public InstanceMasks Rescaled(int scale, int otherScale)
    {
        (int newHeight, int newWidth) = KeepRatio.SizeOf(Height, Width, scale, otherScale);
        return Resized(newHeight, newWidth);
    }
}

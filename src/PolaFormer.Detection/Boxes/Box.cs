using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Detection.Boxes;

/// <summary>A box of an image in pixels: left, upper, right and lower edge; no pixel is added to its sides.</summary>
/// <param name="X1">Left edge.</param>
/// <param name="Y1">Upper edge.</param>
/// <param name="X2">Right edge.</param>
/// <param name="Y2">Lower edge.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Box(float X1, float Y1, float X2, float Y2)
{
    /// <summary>Right less left edge.</summary>
    public float Width => X2 - X1;

    /// <summary>Lower less upper edge.</summary>
    public float Height => Y2 - Y1;

    /// <summary>Width times height.</summary>
    public float Area => Width * Height;

    /// <summary>The part inside an image.</summary>
    public Box Clipped(float width, float height) =>
        new(Math.Clamp(X1, 0, width), Math.Clamp(Y1, 0, height), Math.Clamp(X2, 0, width), Math.Clamp(Y2, 0, height));

    /// <summary>Every edge times a factor of its direction.</summary>
    public Box Scaled(float x, float y) => new(X1 * x, Y1 * y, X2 * x, Y2 * y);

    /// <summary>Every edge over a factor of its direction; not the product with its reciprocal.</summary>
    public Box Divided(float x, float y) => new(X1 / x, Y1 / y, X2 / x, Y2 / y);

    /// <summary>Boxes as a tensor (n, 4).</summary>
    public static Tensor ToTensor(ReadOnlySpan<Box> boxes, Device? device = null) =>
        Tensor.From(MemoryMarshal.Cast<Box, float>(boxes), [boxes.Length, 4], device);

    /// <summary>The boxes in a run of numbers, four each.</summary>
    public static Box[] FromValues(ReadOnlySpan<float> values) => MemoryMarshal.Cast<float, Box>(values).ToArray();
}

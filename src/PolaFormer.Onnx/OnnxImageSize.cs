namespace PolaFormer.Onnx;

/// <summary>Height and width of the images that an exported network of maps takes: fixed, or open.</summary>
public readonly record struct OnnxImageSize
{
    /// <summary>Rows in pixels; 0 where they are open.</summary>
    public int Height { get; private init; }

    /// <summary>Columns in pixels; 0 where they are open.</summary>
    public int Width { get; private init; }

    /// <summary>What open sides are multiples of, in pixels.</summary>
    public int Divisor { get; private init; }

    /// <summary>Whether a caller of the graph chooses the size.</summary>
    public bool IsOpen => Divisor > 0;

    /// <summary>One size in pixels.</summary>
    public static OnnxImageSize Fixed(int height, int width) => new() { Height = height, Width = width };

    /// <summary>Any size of which both sides are multiples of a number of pixels: that of the coarsest map, and of what windows of it cover.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public static OnnxImageSize Open(int divisor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(divisor, 1);
        return new OnnxImageSize { Divisor = divisor };
    }
}

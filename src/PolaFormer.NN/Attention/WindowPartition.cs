using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>Cuts maps (B, H, W, C) into windows in the batch dimension, in row order, and merges them again.</summary>
/// <param name="Height">Rows of a window in tokens.</param>
/// <param name="Width">Columns of a window in tokens.</param>
public readonly record struct WindowPartition(int Height, int Width)
{
    /// <summary>Windows that cover a map of so many rows.</summary>
    public int Rows(int height) => (height + Height - 1) / Height;

    /// <summary>Windows that cover a map of so many columns.</summary>
    public int Columns(int width) => (width + Width - 1) / Width;

    /// <summary>The map with zeros at its right and lower edge, so that windows tile it; the same tensor where they do.</summary>
    public Tensor Padded(Tensor x) => Padded(Padded(x, 1, Rows(x.Shape[1]) * Height), 2, Columns(x.Shape[2]) * Width);

    /// <summary>(B, H, W, C), tiled by windows → (B·windows, Height, Width, C).</summary>
    public Tensor Cut(Tensor x)
    {
        int rows = x.Shape[1] / Height, columns = x.Shape[2] / Width;
        if (rows == 1 && columns == 1)
            return x;
        return x.Reshape(x.Shape[0], rows, Height, columns, Width, x.Shape[3]).Permute(0, 1, 3, 2, 4, 5).Reshape(-1, Height, Width, x.Shape[3]);
    }

    /// <summary>(B·windows, Height, Width, C) → a map (B, <paramref name="height"/>, <paramref name="width"/>, C) that the windows tile.</summary>
    public Tensor Joined(Tensor windows, int height, int width)
    {
        int rows = height / Height, columns = width / Width;
        if (rows == 1 && columns == 1)
            return windows;
        return windows.Reshape(-1, rows, columns, Height, Width, windows.Shape[3]).Permute(0, 1, 3, 2, 4, 5).Reshape(-1, height, width, windows.Shape[3]);
    }

    /// <summary>The upper left part of a map, without what <see cref="Padded(Tensor)"/> added.</summary>
    public static Tensor Cropped(Tensor x, int height, int width)
    {
        x = x.Shape[1] == height ? x : x.Slice(1, 0, height);
        return x.Shape[2] == width ? x : x.Slice(2, 0, width);
    }

    private static Tensor Padded(Tensor x, int dimension, int extent)
    {
        int missing = extent - x.Shape[dimension];
        if (missing == 0)
            return x;

        // Repeated by way of the batch, whose extent an exported graph leaves open.
        Tensor none = x.Slice(dimension, 0, 1) * 0;
        return Tensor.Concat(dimension, x, none + Tensor.Zeros(new Shape(1, 1, 1, 1).With(dimension, missing), x.Device));
    }
}

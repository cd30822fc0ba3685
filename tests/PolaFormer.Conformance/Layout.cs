using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Carries tensors between the authors' layout and channels-last images.</summary>
/// <param name="Kind">The authors' layout.</param>
/// <param name="Height">Rows of tokens, where the layout does not tell.</param>
/// <param name="Width">Columns of tokens, where the layout does not tell.</param>
internal readonly record struct Layout(LayoutKind Kind, int Height = 0, int Width = 0)
{
    /// <summary>Nothing to do.</summary>
    public static Layout Same => new(LayoutKind.Same);

    /// <summary>Channels before the pixels.</summary>
    public static Layout ChannelsFirst => new(LayoutKind.ChannelsFirst);

    /// <summary>Rows flattened to a sequence.</summary>
    public static Layout Tokens(int height, int width) => new(LayoutKind.Tokens, height, width);

    /// <summary>The authors' values as a tensor of this program.</summary>
    public Tensor Import(ReadOnlySpan<float> values, Shape shape)
    {
        Tensor x = Tensor.From(values, shape);
        return Kind switch
        {
            LayoutKind.ChannelsFirst when x.Rank == 4 => x.Permute(0, 2, 3, 1),
            LayoutKind.ChannelsFirst when x.Rank == 3 => x.Permute(0, 2, 1),
            LayoutKind.Tokens => x.Reshape(shape[0], Height, Width, shape[2]),
            _ => x,
        };
    }

    /// <summary>A tensor's values in the authors' order.</summary>
    public float[] Export(Tensor x)
    {
        x = x.Detach();
        return Kind switch
        {
            LayoutKind.ChannelsFirst when x.Rank == 4 => x.Permute(0, 3, 1, 2).ToArray(),
            LayoutKind.ChannelsFirst when x.Rank == 3 => x.Permute(0, 2, 1).ToArray(),
            _ => x.ToArray(),
        };
    }
}

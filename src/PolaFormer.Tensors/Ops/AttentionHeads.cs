using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>What attention operators share: heads as a dimension of their own and side by side in the channels, masks, encodings of positions.</summary>
internal static class AttentionHeads
{
    /// <summary>(B, N, C) → (B, heads, N, d).</summary>
    public static Tensor Split(Tensor x, int numHeads) => x.Reshape(x.Shape[0], x.Shape[1], numHeads, -1).Permute(0, 2, 1, 3);

    /// <summary>Checks a mask of padding, (B, n), a constant.</summary>
    public static void RequireMask(Tensor? mask, int batch, int tokens)
    {
        if (mask is null)
            return;
        if (mask.Shape != new Shape(batch, tokens))
            throw new ArgumentException($"The mask {mask.Shape} is not (batch, tokens) = ({batch}, {tokens}).");
        Tape.RequireUntracked("The mask of padding", mask);
    }

    /// <summary>The gradient of an encoding of positions, which is added to the keys of every image: ∂e = Σ_batch ∂k.</summary>
    public static void SumOverImages(Columns dkey, Tensor dencoding)
    {
        Device device = dkey.Source.Device;
        Tensor keys = dkey.Width == dkey.RowStride ? dkey.Source : device.Empty(dkey.Source.Shape.With(-1, dkey.Width));
        if (!ReferenceEquals(keys, dkey.Source))
            device.Run(new Slice.Call(dkey.Source, dkey.Source.Rank - 1, dkey.Start, keys));
        device.Run(new SumTo(keys.View(0, [dkey.Source.Shape[0], dkey.Tokens, dkey.Width]), dencoding.View(0, [1, dkey.Tokens, dkey.Width])));
    }

    /// <summary>(B, heads, N, …) → (B, N, C).</summary>
    public static Tensor Merge(Tensor x) => x.Reshape(x.Shape[0], x.Shape[1], x.Shape[2], -1).Permute(0, 2, 1, 3).Reshape(x.Shape[0], x.Shape[2], -1);

    /// <summary>Queries, keys and values as the processor's kernels read them.</summary>
    public static Kernels.AttentionRows Rows(Columns query, Columns key, Columns value, int numHeads) => new()
    {
        Batch = query.Source.Shape[0],
        Heads = numHeads,
        HeadDim = query.Width / numHeads,
        Queries = query.Tokens,
        Keys = key.Tokens,
        Q = query.Rows,
        K = key.Rows,
        V = value.Rows,
    };
}

namespace PolaFormer.Tensors.Ops;

/// <summary>Heads as a dimension of their own and side by side in the channels, for attention that is composed of other operators.</summary>
internal static class AttentionHeads
{
    /// <summary>(B, N, C) → (B, heads, N, d).</summary>
    public static Tensor Split(Tensor x, int numHeads) => x.Reshape(x.Shape[0], x.Shape[1], numHeads, -1).Permute(0, 2, 1, 3);

    /// <summary>(B, heads, N, …) → (B, N, C).</summary>
    public static Tensor Merge(Tensor x) => x.Reshape(x.Shape[0], x.Shape[1], x.Shape[2], -1).Permute(0, 2, 1, 3).Reshape(x.Shape[0], x.Shape[2], -1);
}

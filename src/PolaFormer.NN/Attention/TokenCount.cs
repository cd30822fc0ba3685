using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>How many tokens of each image are no padding.</summary>
internal static class TokenCount
{
    /// <summary>(B, 1, 1, 1), the sums of a mask (B, n); without one (1, 1, 1, 1), n for every image.</summary>
    public static Tensor Of(Tensor? mask, int tokens, Device device) =>
        mask is null ? Tensor.Full([1, 1, 1, 1], tokens, device) : mask.Sum(1).Reshape(mask.Shape[0], 1, 1, 1);
}

using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Models.Tests;

internal static class TestImages
{
    /// <summary>Noise of a fixed seed, (batch, size, size, 3).</summary>
    public static Tensor Make(int batch, int size)
    {
        Tensor images = Tensor.Empty([batch, size, size, 3]);
        new Philox(11, 0).FillNormal(images.AsSpan<float>(), 0);
        return images;
    }
}

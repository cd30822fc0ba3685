using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Measurement;

/// <summary>Images to measure with: a constant one would make some kernels' work easier than it is.</summary>
public static class Noise
{
    /// <summary>(batch, size, size, 3), uniform in [0, 1), the same every time.</summary>
    public static Tensor Images(int batch, int size)
    {
        Tensor images = Tensor.Empty([batch, size, size, 3]);
        images.FillUniform(new Philox(1, 0), 0, 1);
        return images;
    }
}

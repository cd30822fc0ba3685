using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN;

/// <summary>The distribution a parameter starts from. Values depend on the seed, the parameter's name and the position only.</summary>
/// <param name="Kind">Family of the distribution.</param>
/// <param name="Scale">The constant, the standard deviation, or the upper bound of the uniform interval.</param>
public readonly record struct Initializer(InitializerKind Kind, float Scale)
{
    /// <summary>All zeros.</summary>
    public static Initializer Zeros => new(InitializerKind.Constant, 0);

    /// <summary>All ones.</summary>
    public static Initializer Ones => new(InitializerKind.Constant, 1);

    /// <summary>Normal with standard deviation 0.02: the authors' truncated normal cuts at ±2, which is never reached.</summary>
    public static Initializer TruncatedNormal => new(InitializerKind.Normal, 0.02f);

    /// <summary>One repeated value.</summary>
    public static Initializer Constant(float value) => new(InitializerKind.Constant, value);

    /// <summary>Normal around 0.</summary>
    public static Initializer Normal(float standardDeviation) => new(InitializerKind.Normal, standardDeviation);

    /// <summary>Uniform in ±<paramref name="bound"/>.</summary>
    public static Initializer Uniform(float bound) => new(InitializerKind.Uniform, bound);

    /// <summary>Uniform in [0, 1).</summary>
    public static Initializer UnitUniform => new(InitializerKind.PositiveUniform, 1);

    /// <summary>Uniform in ±1/√fanIn: PyTorch's default for the weights and biases of linear and convolution layers.</summary>
    public static Initializer UniformFanIn(int fanIn) => Uniform(1 / MathF.Sqrt(fanIn));

    /// <summary>Overwrites a tensor with values of this distribution.</summary>
    /// <param name="tensor">A float32 tensor.</param>
    /// <param name="seed">Seed of the model.</param>
    /// <param name="stream">Distinguishes tensors: a hash of the parameter's name.</param>
    public void Fill(Tensor tensor, ulong seed, ulong stream)
    {
        var random = new Philox(seed, stream);
        switch (Kind)
        {
            case InitializerKind.Constant:
                tensor.Fill(Scale);
                break;
            case InitializerKind.Normal:
                tensor.FillNormal(random, Scale);
                break;
            case InitializerKind.Uniform:
                tensor.FillUniform(random, -Scale, Scale);
                break;
            case InitializerKind.PositiveUniform:
                tensor.FillUniform(random, 0, Scale);
                break;
            default:
                throw new InvalidOperationException($"Unknown distribution {Kind}.");
        }
    }
}

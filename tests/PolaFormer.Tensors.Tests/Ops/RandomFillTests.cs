using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Ops;

public class RandomFillTests
{
    private const int Count = 70_001;

    private static readonly Philox s_random = new(3, 5);

    [Fact]
    public void UniformNumbersAreThoseOfThePositions()
    {
        Tensor y = Tensor.Empty([Count]);
        y.FillUniform(s_random, -0.3f, 0.3f);
        float[] expected = new float[Count];
        s_random.FillUniform(expected, 0);
        Assert.Equal(Array.ConvertAll(expected, value => ((2 * value) - 1) * 0.3f), y.ToArray());
    }

    [Fact]
    public void NormalNumbersAreThoseOfThePositions()
    {
        Tensor y = Tensor.Empty([Count]);
        y.FillNormal(s_random, 0.02f);
        float[] expected = new float[Count];
        s_random.FillNormal(expected, 0);
        Assert.Equal(Array.ConvertAll(expected, value => value * 0.02f), y.ToArray());
    }
}

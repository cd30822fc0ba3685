using PolaFormer.NN;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class GradientClippingTests
{
    [Fact]
    public void ByValueCutsEveryElement()
    {
        float[] gradient = [.. Enumerable.Range(-20, 41).Select(i => i / 10f)];
        Parameter parameter = GivenParameter.Of(new float[gradient.Length]);
        GivenParameter.SetGradient(parameter, gradient);
        GradientClipping.ByValue([parameter], 0.5);
        Assert.Equal(gradient.Select(value => Math.Clamp(value, -0.5f, 0.5f)), parameter.Grad!.ToArray());
    }

    [Fact]
    public void ByNormKeepsTheDirection()
    {
        Parameter parameter = GivenParameter.Of(new float[2]);
        GivenParameter.SetGradient(parameter, [3, 4]);
        Assert.Equal(5, GradientClipping.ByNorm([parameter], 1), 1e-6);
        Assert.Equal([0.6, 0.8], parameter.Grad!.ToArray().Select(value => Math.Round(value, 5)));
    }
}

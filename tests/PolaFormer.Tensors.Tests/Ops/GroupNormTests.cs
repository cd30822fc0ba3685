using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Ops;

public class GroupNormTests
{
    [Theory]
    [InlineData(1, 1, 1, 4, 2)]
    [InlineData(2, 5, 7, 24, 3)]
    [InlineData(1, 33, 17, 40, 8)]
    public void AgreesWithItsComposition(int batch, int height, int width, int channels, int groups)
    {
        Tensor x = Random([batch, height, width, channels], 1), weight = Random([channels], 2), bias = Random([channels], 3);
        x = (x * 3) + 20;
        float[] fused = x.GroupNorm(groups, weight, bias, 1e-5f).ToArray();
        Composition.IsForced = true;
        try
        {
            float[] composed = x.GroupNorm(groups, weight, bias, 1e-5f).ToArray();
            for (int i = 0; i < fused.Length; i++)
                Assert.Equal(composed[i], fused[i], 1e-4f);
        }
        finally
        {
            Composition.IsForced = false;
        }
    }

    [Fact]
    public void GroupsDivideTheChannels() =>
        Assert.Contains("groups", Assert.Throws<ArgumentException>(() => Random([1, 2, 2, 5], 1).GroupNorm(2, Random([5], 2), Random([5], 3), 1e-5f)).Message, StringComparison.Ordinal);

    private static Tensor Random(Shape shape, ulong stream)
    {
        var values = new float[shape.Count];
        new Philox(4, stream).FillNormal(values, 0);
        return Tensor.From(values, shape);
    }
}

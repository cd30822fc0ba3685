namespace PolaFormer.Tensors.Tests.Ops;

public class ReduceTests
{
    private static readonly Tensor s_x = Tensor.Arange(24).Reshape(2, 3, 4);

    [Fact]
    public void ADimensionGoesAndTheOthersStay()
    {
        Tensor y = s_x.Sum(1);
        Assert.Equal(new Shape(2, 4), y.Shape);
        Assert.Equal([12, 15, 18, 21, 48, 51, 54, 57], y.ToArray());
    }

    [Fact]
    public void ADimensionMayStayWithTheExtentOne() => Assert.Equal(new Shape(2, 1, 4), s_x.Max(-2, keepDimensions: true).Shape);

    [Theory]
    [InlineData(new[] { 0, 2 }, new float[] { 60, 92, 124 })]
    [InlineData(new[] { -1, 0 }, new float[] { 60, 92, 124 })]
    [InlineData(new[] { 1, 2 }, new float[] { 66, 210 })]
    [InlineData(new[] { 2, 0, 1 }, new float[] { 276 })]
    public void SeveralDimensionsGoInAnyOrder(int[] dimensions, float[] expected)
    {
        Assert.Equal(expected, s_x.Sum(dimensions).ToArray());
        Assert.Equal(expected, s_x.Sum(dimensions, keepDimensions: true).ToArray());
        Assert.Equal(expected.Select(sum => MathF.Round(sum / (24 / expected.Length), 3)), s_x.Mean(dimensions).ToArray().Select(mean => MathF.Round(mean, 3)));
    }

    [Fact]
    public void WithoutDimensionsAllElementsAreTaken()
    {
        Assert.Equal((276, 23), (s_x.Sum().Item(), s_x.Max().Item()));
        Assert.Equal(11.5f, s_x.Mean().Item(), 1e-5f);
        Assert.Equal(0, s_x.Sum().Sum().Rank);
    }

    [Theory]
    [InlineData(new int[0], "over no dimension")]
    [InlineData(new[] { 1, -2 }, "one is given twice")]
    public void DimensionsThatAreNoSetAreRefused(int[] dimensions, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => s_x.Sum(dimensions)).Message, StringComparison.Ordinal);
}

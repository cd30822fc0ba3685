using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

public class PositionInterpolationTests
{
    [Fact]
    public void TheClassTokensPositionStaysAndTheGridIsResized()
    {
        float[] grid = [.. Enumerable.Range(0, 9).Select(i => (float)Math.Sin(i))];
        Tensor stored = Tensor.From([7f, .. grid], [1, 10, 1]), alone = Tensor.From(grid, [1, 9, 1]);
        Assert.True(PositionInterpolation.CanResize(stored.Shape, [1, 26, 1]));
        float[] resized = PositionInterpolation.Resize(stored, [1, 26, 1]).ToArray();
        Assert.Equal([7f, .. PositionInterpolation.Resize(alone, [1, 25, 1]).ToArray()], resized);
    }

    [Fact]
    public void ADistillationTokensPositionStaysToo()
    {
        float[] grid = [.. Enumerable.Range(0, 9).Select(i => (float)Math.Sin(i))];
        Tensor stored = Tensor.From([7f, 5f, .. grid], [1, 11, 1]), alone = Tensor.From(grid, [1, 9, 1]);
        Assert.True(PositionInterpolation.CanResize(stored.Shape, [1, 27, 1]));
        Assert.Equal([7f, 5f, .. PositionInterpolation.Resize(alone, [1, 25, 1]).ToArray()], PositionInterpolation.Resize(stored, [1, 27, 1]).ToArray());
    }

    [Theory]
    [InlineData(10, 25)]
    [InlineData(9, 26)]
    [InlineData(12, 12)]
    [InlineData(11, 26)]
    public void AGridWithAClassTokenIsNoneWithout(int stored, int wanted) =>
        Assert.False(PositionInterpolation.CanResize([1, stored, 4], [1, wanted, 4]));
}

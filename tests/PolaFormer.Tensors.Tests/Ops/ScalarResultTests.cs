namespace PolaFormer.Tensors.Tests.Ops;

public class ScalarResultTests
{
    [Fact]
    public void ValuesThatAreNotFiniteAreCounted()
    {
        Tensor x = Tensor.Zeros([5, 33]);
        Span<float> values = x.AsSpan<float>();
        (values[0], values[40], values[163], values[164]) = (float.NaN, float.NegativeInfinity, float.NaN, float.PositiveInfinity);
        Assert.Equal([2, 2], Tensor.CountNonFinite(x).ToArray<long>());
        Assert.Equal([1, 1], Tensor.CountNonFinite(new Columns(x, 1, 31)).ToArray<long>());
    }

    [Fact]
    public void EachNumberIsCounted()
    {
        Assert.Equal([1, 0, 3, 0], Tensor.From([2L, 0, 2, 2], [2, 2]).CountEach(4).ToArray());
        Assert.Equal([0, 0], Tensor.From(Array.Empty<long>(), [0]).CountEach(2).ToArray());
    }

    [Fact]
    public void ACounterCounts()
    {
        Tensor counter = Tensor.From([1L << 40], []);
        counter.Increment();
        counter.Increment(2);
        Assert.Equal((1L << 40) + 3, counter.ToArray<long>()[0]);
    }

    [Fact]
    public void ArangeCountsInSteps() => Assert.Equal([3, 2.5f, 2, 1.5f], Tensor.Arange(4, 3, -0.5f).ToArray());

    [Fact]
    public void RotaryTablesTurnByRowThenByColumn()
    {
        (Tensor sin, Tensor cos) = Tensor.RotaryTables(Tensor.From([1, 0.5f], [2]), 2, 3);
        Assert.Equal(new Shape(6, 4), sin.Shape);
        float[] token = sin.ToArray()[20..], turned = cos.ToArray()[20..];
        Assert.Equal([MathF.SinCos(1).Sin, MathF.SinCos(0.5f).Sin, MathF.SinCos(2).Sin, MathF.SinCos(1).Sin], token);
        Assert.Equal([MathF.SinCos(1).Cos, MathF.SinCos(0.5f).Cos, MathF.SinCos(2).Cos, MathF.SinCos(1).Cos], turned);
    }
}

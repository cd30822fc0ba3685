namespace PolaFormer.Analysis.Tests;

public class EffectiveRankTests
{
    [Fact]
    public void AnIdentityHasItsSize()
    {
        float[] identity = new float[36];
        for (int i = 0; i < 6; i++)
            identity[i * 7] = 3;
        Assert.Equal(6, EffectiveRank.Of(identity, 6), 4);
    }

    [Fact]
    public void EqualRowsHaveRankOne() => Assert.Equal(1, EffectiveRank.Of([1, 2, 3, 1, 2, 3], 3), 3);

    [Fact]
    public void ZerosHaveNone() => Assert.Equal(0, EffectiveRank.Of(new float[6], 2));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ValuesThatAreNotFiniteHaveNoRank(float value) => Assert.Equal(double.NaN, EffectiveRank.Of([1, 0, 0, value], 2));

    [Fact]
    public void AMatrixNeedNotBeSquare() => Assert.Equal(2, EffectiveRank.Of([1, 0, 0, 0, 1, 0], 3), 4);
}

using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Tests.Ops;

public class ChoiceTests
{
    [Theory]
    [InlineData(Comparison.Equal, new float[] { 0, 1, 0, 0, 1 })]
    [InlineData(Comparison.NotEqual, new float[] { 1, 0, 1, 1, 0 })]
    [InlineData(Comparison.Less, new float[] { 1, 0, 0, 0, 0 })]
    [InlineData(Comparison.LessOrEqual, new float[] { 1, 1, 0, 0, 1 })]
    [InlineData(Comparison.Greater, new float[] { 0, 0, 1, 0, 0 })]
    [InlineData(Comparison.GreaterOrEqual, new float[] { 0, 1, 1, 0, 1 })]
    public void ARelationIsOneOrZero(Comparison comparison, float[] expected)
    {
        Tensor a = Tensor.From([1, 2, 3, float.NaN, -0f], [5]);
        Assert.Equal(expected, a.Compare(comparison, Tensor.From([2, 2, 2, float.NaN, 0f], [5])).ToArray());
        Assert.Equal(expected[..4], a.Slice(0, 0, 4).Compare(comparison, 2).ToArray());
    }

    [Fact]
    public void RelationsBroadcast() => Assert.Equal(
        [1, 0, 0, 1, 1, 0],
        Tensor.Arange(2).Reshape(2, 1).Compare(Comparison.GreaterOrEqual, Tensor.Arange(3)).ToArray());

    [Fact]
    public void MasksMayBeBool()
    {
        Tensor mask = Tensor.From([0L, 5, -1], [3]).To(DType.Bool);
        Assert.Equal([false, true, true], mask.ToArray<bool>());
        Assert.Equal([0L, 1, 1], mask.To(DType.Int64).ToArray<long>());
        Assert.Equal([7, 1, 1], Tensor.Where(mask, Tensor.Full([1], 1), Tensor.Full([1], 7)).ToArray());
    }

    [Fact]
    public void OrderIsStableAndNaNLast()
    {
        Tensor x = Tensor.From([0, float.NaN, -1, -0f, float.PositiveInfinity, -1, float.NegativeInfinity, 2, 2, 0], [2, 5]);
        Assert.Equal([2, 0, 3, 4, 1, 1, 0, 4, 2, 3], x.ArgSort().ToArray<long>());
        Assert.Equal([1, 4, 0, 3, 2, 2, 3, 4, 0, 1], x.ArgSort(descending: true).ToArray<long>());
    }

    [Fact]
    public void TheFirstOfTheLargestIsChosen()
    {
        Tensor x = Tensor.From([1, 3, 3, float.NaN, 7, float.NaN, -2, -2, -5f], [3, 3]);
        Assert.Equal([1, 0, 0], x.ArgMax().ToArray<long>());
        Assert.Equal([1, 1, 1], x.ArgMax(0).ToArray<long>());
        Assert.Equal(new Shape(3, 1), x.ArgMax(-1, keepDimensions: true).Shape);
    }

    [Theory]
    [InlineData(InterpolationMode.Bilinear, 150)]
    [InlineData(InterpolationMode.BilinearAligned, 21)]
    [InlineData(InterpolationMode.Bilinear, 2)]
    [InlineData(InterpolationMode.Bicubic, 37)]
    [InlineData(InterpolationMode.Nearest, 8)]
    public void TheLargestChannelOfAResampledMapIsThatOfTheMap(InterpolationMode mode, int channels)
    {
        float[] values = new float[2 * 5 * 7 * channels];
        new Philox(7, (ulong)channels).FillNormal(values, 0);
        Tensor x = Tensor.From(values, [2, 5, 7, channels]);
        AssertLargest(x.Interpolate(23, 31, mode), x.InterpolatedArgMax(23, 31, mode));
        AssertLargest(x.Interpolate(40, 56, mode).Interpolate(23, 31, mode), x.InterpolatedArgMax(23, 31, mode, (40, 56)));
        AssertLargest(x.Interpolate(3, 4, mode), x.InterpolatedArgMax(3, 4, mode));
        Composition.IsForced = true;
        Tensor composed = x.InterpolatedArgMax(23, 31, mode, (40, 56));
        Composition.IsForced = false;
        AssertLargest(x.Interpolate(40, 56, mode).Interpolate(23, 31, mode), composed);
    }

    [Fact]
    public void OfEqualChannelsTheFirstIsChosenAndNaNIsLargest()
    {
        float[] pixels = new float[2 * 40];
        (pixels[17], pixels[33], pixels[40 + 5], pixels[40 + 21], pixels[40 + 38]) = (1, 1, 9, float.NaN, float.NaN);
        Assert.Equal([17, 21], Tensor.From(pixels, [2, 1, 1, 40]).InterpolatedArgMax(1, 1, InterpolationMode.Bilinear).ToArray<byte>());
        Assert.Throws<ArgumentException>(() => Tensor.Zeros([1, 2, 2, 257]).InterpolatedArgMax(2, 2, InterpolationMode.Bilinear));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    public void TheLargestComeInOrder(int count)
    {
        const int Columns = 300;
        float[] values = [.. Enumerable.Range(0, 2 * Columns).Select(i => (float)(i * 7919 % 101))];
        (Tensor largest, Tensor indices) = Tensor.From(values, [2, Columns]).TopK(count);
        for (int row = 0; row < 2; row++)
        {
            int start = row * Columns;
            long[] order = [.. Enumerable.Range(0, Columns).OrderByDescending(i => values[start + i]).Take(count)];
            Assert.Equal(order, indices.ToArray<long>()[(row * count)..((row + 1) * count)]);
            Assert.Equal(order.Select(i => values[start + i]), largest.ToArray()[(row * count)..((row + 1) * count)]);
        }
    }

    [Fact]
    public void MoreThanThereAreIsAnError() => Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Arange(3).TopK(4));

    [Theory]
    [InlineData(new[] { 2, 1 }, 1)]
    [InlineData(new[] { 3, 2, 1 }, 1)]
    [InlineData(new[] { 2 }, 1)]
    [InlineData(new[] { 2, 2, 2 }, 1)]
    public void IndicesThatDoNotAlignAreOneClearError(int[] extents, int dimension)
    {
        Tensor indices = Tensor.Empty(new Shape(extents), DType.Int64);
        if (extents is [2, 1])
            Assert.Equal(new Shape(2, 2, 4), Tensor.Zeros([2, 3, 4]).Gather(dimension, Tensor.From([2L, 0], [2, 1])).Shape);
        else
            Assert.Contains($"Indices {indices.Shape}", Assert.Throws<ArgumentException>(() => Tensor.Zeros([2, 3, 4]).Gather(dimension, indices)).Message, StringComparison.Ordinal);
    }

    // Where two channels are as good as equal, rounding decides.
    private static void AssertLargest(Tensor map, Tensor positions)
    {
        int channels = map.Shape[3];
        float[] values = map.ToArray();
        byte[] chosen = positions.ToArray<byte>();
        Assert.Equal(values.Length, chosen.Length * channels);
        for (int i = 0; i < chosen.Length; i++)
        {
            ReadOnlySpan<float> pixel = values.AsSpan(i * channels, channels);
            float largest = float.NegativeInfinity;
            foreach (float value in pixel)
                largest = Math.Max(largest, value);
            Assert.True(largest - pixel[chosen[i]] < 1e-5, $"pixel {i}");
        }
    }
}

using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Scoring;
using PolaFormer.Segmentation.Training;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Tests;

public class PixelScoresTests
{
    private const int Classes = 5, Images = 2, Height = 11, Width = 14, Rows = 5, Columns = 4;

    // Classes beyond the fourth are nowhere, or what is ignored is everywhere.
    [Theory]
    [InlineData(4, 0.2)]
    [InlineData(5, 0)]
    [InlineData(5, 1)]
    public void ScoresOfABatchAreThoseOfItsCounts(int occurring, double ignored)
    {
        var random = new Random(3);
        LabelMap[] labels = [.. Enumerable.Range(0, Images).Select(_ => new LabelMap(Width, Height,
            [.. Enumerable.Range(0, Width * Height).Select(_ => random.NextDouble() < ignored ? LabelMap.Ignored : (byte)random.Next(occurring))]))];
        Tensor logits = Tensor.From([.. Enumerable.Range(0, Images * Rows * Columns * Classes).Select(_ => random.NextSingle())], [Images, Rows, Columns, Classes]);
        byte[] predicted = Array.ConvertAll(logits.ArgMax().ToArray<long>(), value => (byte)value);
        var counts = new PixelCounts(Classes);
        for (int i = 0; i < Images; i++)
            counts.Add(predicted.AsSpan(i * Rows * Columns, Rows * Columns), labels[i].Resized(Columns, Rows).Values);
        double[] expected = SegmentationEvaluation.Sums(counts, Images);

        float[] actual = new PixelScores().Sums(logits, PixelScores.Labels(labels, Classes, Device.Cpu), Height, Width).ToArray();

        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }
}

using PolaFormer.Tensors;

namespace PolaFormer.Training.Tests;

public sealed class MetricsTests
{
    [Fact]
    public void CountsHitsAndWeighsLossesByImages()
    {
        var metrics = new Metrics(ClassificationMetrics.Definitions);
        Add(metrics, [0, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1, 0], [6, 5], meanLoss: 1);
        Add(metrics, [6, 5, 4, 3, 2, 1, 0], [4], meanLoss: 4);
        Assert.Equal((3, 1 / 3.0, 2 / 3.0, 2.0), (metrics.Count, metrics["top1"], metrics["top5"], metrics.Loss));
    }

    [Fact]
    public void OfEqualLogitsTheFirstComesFirst()
    {
        var metrics = new Metrics(ClassificationMetrics.Definitions);
        Add(metrics, [1, 1], [1], meanLoss: 0);
        Assert.Equal(0, metrics["top1"]);
    }

    [Fact]
    public void ANaNLogitIsNoHit()
    {
        var metrics = new Metrics(ClassificationMetrics.Definitions);
        Add(metrics, [float.NaN, float.NaN], [0], meanLoss: 0);
        Assert.Equal((0, 0), (metrics["top1"], metrics["top5"]));
    }

    private static void Add(Metrics metrics, float[] logits, int[] labels, float meanLoss) => metrics.Add(new BatchResult(
        labels.Length, Tensor.From([meanLoss], []), ClassificationMetrics.Sums(Tensor.From(logits, [labels.Length, logits.Length / labels.Length]), labels)));
}

using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Vision.Tests;

public sealed class StratifiedSplitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryClassIsDividedInTheSameProportion()
    {
        ImageFolder images = Folder(("ants", 20), ("bees", 10), ("wasps", 2));
        (ImageSubset train, ImageSubset evaluation) = StratifiedSplit.Divide(images, 0.2, seed: 1);
        Assert.Equal([4, 2, 1], CountsOf(evaluation));
        Assert.Equal([16, 8, 1], CountsOf(train));
        Assert.Equal(Enumerable.Range(0, images.Count), train.Indices.Concat(evaluation.Indices).Order());
    }

    [Fact]
    public void TheDivisionFollowsFromTheSeed()
    {
        ImageFolder images = Folder(("ants", 30), ("bees", 30));
        IReadOnlyList<int> first = StratifiedSplit.Divide(images, 0.3, seed: 1).Evaluation.Indices;
        Assert.Equal(first, StratifiedSplit.Divide(images, 0.3, seed: 1).Evaluation.Indices);
        Assert.NotEqual(first, StratifiedSplit.Divide(images, 0.3, seed: 2).Evaluation.Indices);
    }

    [Fact]
    public void AClassOfOneImageIsRefused()
    {
        var error = Assert.Throws<ImageException>(() => StratifiedSplit.Divide(Folder(("ants", 5), ("bees", 1)), 0.2, seed: 0));
        Assert.StartsWith("bees: the class has a single image", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "ants/1.jpg", "bees/1.jpg")]
    [InlineData(false, "train/ants/1.jpg", "val/ants/1.jpg")]
    [InlineData(false, "val/ants/1.jpg")]
    [InlineData(false, "train-000000.tar", "other/1.jpg")]
    [InlineData(false, "1.jpg")]
    public void AFolderOfClassesAloneIsWithoutSplits(bool expected, params string[] files)
    {
        _folder.Write(files);
        Assert.Equal(expected, ImageDatasets.IsWithoutSplits(_folder.Path));
    }

    [Fact]
    public void BalancedOrdersShowEveryClassEquallyOften()
    {
        int[] labels = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 10)];
        int[] order = SampleOrder.Balanced(labels, seed: 1, epoch: 0);
        Assert.Equal(50, order.Count(index => labels[index] == 0));
        Assert.Equal(50, order.Where(index => labels[index] == 0).Distinct().Count());
        Assert.All(Enumerable.Range(90, 10), index => Assert.Equal(5, order.Count(drawn => drawn == index)));
        Assert.Equal(order, SampleOrder.Balanced(labels, seed: 1, epoch: 0));
        Assert.NotEqual(order, SampleOrder.Balanced(labels, seed: 1, epoch: 1));
    }

    private static int[] CountsOf(ImageSubset images) =>
        [.. Enumerable.Range(0, images.Count).GroupBy(images.LabelOf).OrderBy(group => group.Key).Select(group => group.Count())];

    private ImageFolder Folder(params (string Class, int Count)[] classes)
    {
        foreach ((string name, int count) in classes)
            _folder.Write([.. Enumerable.Range(0, count).Select(i => $"{name}/{i:D2}.jpg")]);
        return new ImageFolder(_folder.Path);
    }
}

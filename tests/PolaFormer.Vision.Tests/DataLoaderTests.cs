using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Vision.Tests;

public class DataLoaderTests
{
    private sealed record Copy(float[] Images, int[] Labels, int[] Indices);

    [Fact]
    public void BatchesDoNotDependOnTheNumberOfWorkers()
    {
        var dataset = new PictureSet(50);
        Copy[] expected = Run(dataset, new() { BatchSize = 8, Shuffle = true, Seed = 5, Workers = 0 }, epoch: 3);
        foreach (int workers in (ReadOnlySpan<int>)[1, 2, 5])
        {
            Copy[] actual = Run(dataset, new() { BatchSize = 8, Shuffle = true, Seed = 5, Workers = workers, CacheBytes = 20_000 * workers }, epoch: 3);
            AssertEqual(expected, actual);
        }
    }

    [Fact]
    public void EveryEpochVisitsEverySampleOnceInItsOwnOrder()
    {
        var dataset = new PictureSet(41);
        int[] Order(int epoch, ulong seed) => [.. Run(dataset, new() { BatchSize = 7, Shuffle = true, Seed = seed }, epoch).SelectMany(batch => batch.Indices)];
        int[] first = Order(0, 1);
        Assert.Equal(Enumerable.Range(0, 41), first.Order());
        Assert.Equal(first, Order(0, 1));
        Assert.NotEqual(first, Order(1, 1));
        Assert.NotEqual(first, Order(0, 2));
        Assert.Equal(Enumerable.Range(0, 41), Run(dataset, new() { BatchSize = 7 }, 0).SelectMany(batch => batch.Indices));
    }

    [Theory]
    [InlineData(false, 6, 5)]
    [InlineData(true, 5, 9)]
    public void TheLastSmallerBatchCanBeDropped(bool drop, int batches, int last)
    {
        Copy[] all = Run(new PictureSet(50), new() { BatchSize = 9, DropLast = drop }, 0);
        Assert.Equal(batches, all.Length);
        Assert.Equal(last, all[^1].Labels.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void BadImagesAreSkippedReportedAndCounted(int workers)
    {
        var messages = new List<string>();
        var dataset = new PictureSet(20, 3, 4, 5, 11);
        var options = new DataLoaderOptions
        {
            BatchSize = 3,
            Workers = workers,
            BadImages = BadImagePolicy.Skip,
            Report = message =>
        {
            lock (messages)
                messages.Add(message);
        }
        };
        var loader = new DataLoader(dataset, TrainTransform.Photographs(16), options);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            int[] seen = [.. loader.Epoch(epoch).SelectMany(batch => batch.Indices.ToArray())];
            Assert.Equal(Enumerable.Range(0, 20).Except([3, 4, 5, 11]), seen);
        }
        Assert.Equal(4, messages.Count);
        Assert.Equal(4, loader.BadImages.Count);
        Assert.StartsWith("picture 3: ", loader.BadImages.First());
    }

    [Fact]
    public void WithEpochsOfEqualLengthABatchOfBadImagesFails()
    {
        var options = new DataLoaderOptions { BatchSize = 3, DropLast = true, BadImages = BadImagePolicy.Skip };
        var loader = new DataLoader(new PictureSet(20, 3, 4, 5), TrainTransform.Photographs(16), options);
        Assert.Contains("all 3 images of batch 2 in epoch 1 are bad", Assert.Throws<ImageException>(() => loader.Epoch(0).Count()).Message);
        Assert.Contains("picture 3: ", Assert.Throws<ImageException>(() => loader.Epoch(0).Count()).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void AnEpochTakenUpInTheMiddleHasTheSameBatches(int workers)
    {
        int[] bad = [2, 3, 17, 30];
        var options = new DataLoaderOptions { BatchSize = 6, Shuffle = true, Seed = 9, DropLast = true, Workers = workers, BadImages = BadImagePolicy.Skip };
        var whole = new DataLoader(new PictureSet(50, bad), TrainTransform.Photographs(16), options);
        Assert.Equal(8, whole.Epoch(0).Count());
        Assert.Equal(bad.Length, whole.BadImages.Count);
        Copy[] expected = [.. Copies(whole, 1)];
        Assert.Contains(expected, batch => batch.Labels.Length < 6);
        for (int first = 0; first <= 8; first += 4)
        {
            // A loader that has not met the bad images yet, as after a restart.
            var dataset = new PictureSet(50, bad);
            var resumed = new DataLoader(dataset, TrainTransform.Photographs(16), options);
            AssertEqual(expected[first..], [.. Copies(resumed, 1, first)]);
            Assert.Equal((8 - first) * 6, dataset.Reads);
        }
    }

    [Fact]
    public void DecodedSamplesNeedNoDecoder()
    {
        var loader = new DataLoader(new Squares(), new EvalTransform(16, EvalResize.Square), new() { BatchSize = 2, CacheBytes = 1 << 20 });
        for (int epoch = 0; epoch < 2; epoch++)
        {
            Batch batch = loader.Epoch(epoch).Single();
            Assert.Equal(((100 / 255.0) - 0.485) / 0.229, batch.Images[0], 1e-5);
            Assert.Equal([0, 1], batch.Labels.ToArray());
        }
    }

    [Fact]
    public void WaitingIsMeasured()
    {
        var loader = new DataLoader(new PictureSet(20), TrainTransform.Photographs(16), new() { BatchSize = 3, Workers = 1 });
        Assert.Equal(TimeSpan.Zero, loader.WaitTime);
        Assert.Equal(7, loader.Epoch(0).Count());
        Assert.True(loader.WaitTime > TimeSpan.Zero);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void ABadImageFailsByDefault(int workers)
    {
        var options = new DataLoaderOptions { BatchSize = 3, Workers = workers, BadImageAdvice = ". Skip it." };
        var loader = new DataLoader(new PictureSet(20, 11), TrainTransform.Photographs(16), options);
        int batches = 0;
        var error = Assert.Throws<ImageException>(() =>
        {
            foreach (Batch batch in loader.Epoch(0))
                batches++;
        });
        Assert.StartsWith("picture 11: ", error.Message);
        Assert.EndsWith(". Skip it.", error.Message);
        Assert.Equal(3, batches);
    }

    [Fact]
    public void AnEpochCanBeLeftEarly()
    {
        var loader = new DataLoader(new PictureSet(60), TrainTransform.Photographs(16), new() { BatchSize = 2, Workers = 2 });
        for (int trial = 0; trial < 20; trial++)
            Assert.Equal(2, loader.Epoch(trial).First().Count);
    }

    [Fact]
    public void CachedImagesAreNotDecodedAgain()
    {
        var dataset = new PictureSet(10);
        var loader = new DataLoader(dataset, new EvalTransform(16, EvalResize.Square), new() { BatchSize = 4, CacheBytes = 10 << 20 });
        float[] first = [.. loader.Epoch(0).SelectMany(batch => batch.Images.ToArray())];
        dataset.Destroy();
        Assert.Equal(first, loader.Epoch(1).SelectMany(batch => batch.Images.ToArray()));
    }

    [Fact]
    public void AnEmptyDatasetHasNoBatches() => Assert.Empty(Run(new PictureSet(0), new(), 0));

    private static Copy[] Run(IImageDataset dataset, DataLoaderOptions options, int epoch) =>
        [.. Copies(new DataLoader(dataset, TrainTransform.Photographs(16), options), epoch)];

    private static IEnumerable<Copy> Copies(DataLoader loader, int epoch, int firstBatch = 0) =>
        loader.Epoch(epoch, firstBatch).Select(batch => new Copy(batch.Images.ToArray(), batch.Labels.ToArray(), batch.Indices.ToArray()));

    private static void AssertEqual(Copy[] expected, Copy[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Indices, actual[i].Indices);
            Assert.Equal(expected[i].Labels, actual[i].Labels);
            Assert.Equal(expected[i].Images, actual[i].Images);
        }
    }

    /// <summary>Two gray images stored as pixels.</summary>
    private sealed class Squares : IImageDataset
    {
        public int Count => 2;

        public IReadOnlyList<string> Classes { get; } = ["a", "b"];

        public ImageSample Get(int index) => new(Enumerable.Repeat((byte)100, 16 * 16 * 3).ToArray(), index, $"square {index}", (16, 16));
    }

    /// <summary>The same six JPEGs again and again, some of them damaged.</summary>
    private sealed class PictureSet(int count, params int[] bad) : IImageDataset
    {
        private byte[][] _files = [.. Directory.GetFiles(SharedData.Fixture("E_images/decode_jpeg"), "*.jpg").Order().Select(File.ReadAllBytes)];

        private int _reads;

        public int Count => count;

        public int Reads => _reads;

        public IReadOnlyList<string> Classes { get; } = ["a", "b", "c"];

        public ImageSample Get(int index)
        {
            Interlocked.Increment(ref _reads);
            byte[] file = _files[index % _files.Length];
            return new(bad.Contains(index) ? file[..200] : file, index % Classes.Count, $"picture {index}");
        }

        public void Destroy() => _files = [.. _files.Select(_ => new byte[3])];
    }
}

using System.Collections.Concurrent;
using PolaFormer.Distributed;
using PolaFormer.Models;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training.Tests;

/// <summary>Several workers evaluate one network, each on its own part of the images.</summary>
[Collection(nameof(RunsAlone))]
public sealed class SharedEvaluationTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 1, evaluationPerClass: 7);

    public void Dispose() => _images.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void FiguresAndAnswersHaveTheBitsOfOneWorker(int workers)
    {
        (string Sums, string Answers) one = Evaluate(1)[0];
        Assert.All(Evaluate(workers), each => Assert.Equal(one, each));
    }

    [Fact]
    public void ABatchWithoutAnyReadableImageChangesNoOrder()
    {
        // The second batch of four.
        string folder = Path.Combine(_images.Path, "val", "blue");
        string[] bad = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Skip(4).Take(3), Directory.GetFiles(Path.Combine(_images.Path, "val", "green")).Order(StringComparer.Ordinal).First()];
        foreach (string file in bad)
            File.WriteAllBytes(file, [1, 2, 3]);
        (string Sums, string Answers) one = Evaluate(1)[0];
        Assert.StartsWith("17 ", one.Sums, StringComparison.Ordinal);
        Assert.All(Evaluate(3), each => Assert.Equal(one, each));
    }

    [Fact]
    public void EveryImageIsReadByOneWorker()
    {
        var images = new CountedImages(ImageDatasets.Open(_images.Path, "val"));
        Evaluate(3, images);
        Assert.Equal(Enumerable.Range(0, images.Count), images.Read.Order());
    }

    private (string Sums, string Answers)[] Evaluate(int workers, IImageDataset? images = null)
    {
        images ??= ImageDatasets.Open(_images.Path, "val");
        return LocalGroup.Run(workers, worker =>
        {
            VisionModel network = Network();
            var loader = new DataLoader(images, new EvalTransform(32, EvalResize.Square, ResamplingFilter.Bilinear, new Normalization([0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.25f])), new DataLoaderOptions { BatchSize = 4, BadImages = BadImagePolicy.Skip });
            var answers = new ClassifierAnswers(images.Classes);
            Evaluation result = ClassificationTask.Evaluate(network, loader, answers: answers, workers: worker)!;
            return (result.Metrics.ToString(), string.Join('\n', answers.All.Select(answer => $"{answer.Index} {answer.Label} {answer.LabelProbability:R} {string.Join(' ', answer.Top)}")));
        });
    }

    private static VisionModel Network()
    {
        VisionModel network = new PolaFormerPlusPlusConfig { EmbedDims = [8, 8, 16, 16], Depths = [1, 1, 1, 1], NumHeads = [1, 1, 2, 2], MlpRatios = [1, 1, 1, 1], NumClasses = 3 }.Create();
        network.Initialize(3);
        return network;
    }

    private sealed class CountedImages(IImageDataset images) : IImageDataset
    {
        public ConcurrentQueue<int> Read { get; } = new();

        public int Count => images.Count;

        public IReadOnlyList<string> Classes => images.Classes;

        public int LabelOf(int index) => images.LabelOf(index);

        public string NameOf(int index) => images.NameOf(index);

        public ImageSample Get(int index)
        {
            Read.Enqueue(index);
            return images.Get(index);
        }
    }
}

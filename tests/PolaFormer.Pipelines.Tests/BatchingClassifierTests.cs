using PolaFormer.Vision;

namespace PolaFormer.Pipelines.Tests;

public sealed class BatchingClassifierTests
{
    private static readonly string s_root = FindRoot();
    private static readonly ImageClassifier s_classifier = ImageClassifier.Load(Path.Combine(s_root, "checkpoints", "polaformer_pp_photographs.safetensors"), ClassifierOptions.Server);

    [Fact]
    public async Task ManyRequestsGetTheAnswersThatTheyWouldGetAlone()
    {
        string[] files = Directory.GetFiles(Path.Combine(s_root, "samples", "images"), "*.jpg");
        IReadOnlyList<Prediction>[] alone = [.. files.Select(file => s_classifier.Predict(file, top: 3))];
        await using var service = new BatchingClassifier(s_classifier, new MicroBatchOptions { Parallelism = 2, Size = 5 });
        Task<IReadOnlyList<Prediction>>[] answers = [.. Enumerable.Range(0, 40).Select(i => Ask(service, files[i % files.Length], i % 3))];
        IReadOnlyList<Prediction>[] given = await Task.WhenAll(answers);
        for (int i = 0; i < answers.Length; i++)
        {
            IReadOnlyList<Prediction> expected = alone[i % files.Length], actual = given[i];
            Assert.Equal(expected.Select(guess => guess.Label), actual.Select(guess => guess.Label));
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Probability, pair.Second.Probability, 1e-4f));
        }
    }

    [Fact]
    public async Task AFileThatIsNoImageFailsAlone()
    {
        await using var service = new BatchingClassifier(s_classifier, new MicroBatchOptions { Parallelism = 1, Delay = TimeSpan.FromMinutes(10), Size = 2 });
        byte[] good = File.ReadAllBytes(Path.Combine(s_root, "samples", "images", "bird.jpg"));
        Task<float[]> bad = service.EmbedAsync("no image"u8.ToArray(), TestContext.Current.CancellationToken), fine = service.EmbedAsync(good, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<ImageException>(() => bad);
        Assert.Equal(s_classifier.Embed(good), await fine);
    }

    [Fact]
    public async Task ARequestMayBeGivenUp()
    {
        await using var service = new BatchingClassifier(s_classifier);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.PredictAsync(Stream.Null, cancellation: new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<ImageException>(() => service.PredictAsync(Stream.Null, cancellation: TestContext.Current.CancellationToken));
    }

    private static async Task<IReadOnlyList<Prediction>> Ask(BatchingClassifier service, string file, int way)
    {
        if (way == 0)
            return await service.PredictAsync(File.ReadAllBytes(file), top: 3);
        if (way == 1)
        {
            using FileStream stream = File.OpenRead(file);
            return await service.PredictAsync(stream, top: 3);
        }

        using Image image = ImageDecoder.Decode(file, ImageDecodeOptions.Photograph);
        return await service.PredictAsync(image, top: 3);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}

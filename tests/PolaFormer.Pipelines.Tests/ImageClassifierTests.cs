using PolaFormer.Checkpoints;
using PolaFormer.Tensors;
using PolaFormer.Vision;

namespace PolaFormer.Pipelines.Tests;

public class ImageClassifierTests
{
    private static readonly string s_root = FindRoot();
    private static readonly string s_checkpoint = Path.Combine(s_root, "checkpoints", "polaformer_pp_photographs.safetensors");
    private static readonly string s_airplane = Path.Combine(s_root, "samples", "images", "airplane.jpg");

    [Fact]
    public void NamesTheClassesByProbability()
    {
        IReadOnlyList<Prediction> guesses = ImageClassifier.Load(s_checkpoint).Predict(s_airplane, top: 10);
        Assert.Equal("airplane", guesses[0].Label);
        Assert.Equal(10, guesses.Count);
        Assert.Equal(1, guesses.Sum(guess => guess.Probability), 1e-5);
        Assert.Equal(guesses.OrderByDescending(guess => guess.Probability), guesses);
    }

    [Fact]
    public void AnswersTheSameFromSeveralThreads()
    {
        ImageClassifier classifier = ImageClassifier.Load(s_checkpoint);
        IReadOnlyList<Prediction> alone = classifier.Predict(s_airplane);
        var together = new IReadOnlyList<Prediction>[8];
        Parallel.For(0, together.Length, i => together[i] = classifier.Predict(s_airplane));
        Assert.All(together, guesses => Assert.Equal(alone, guesses));
    }

    [Fact]
    public void APathAStreamBytesAndAnImageGiveTheSameAnswer()
    {
        ImageClassifier classifier = ImageClassifier.Load(s_checkpoint);
        IReadOnlyList<Prediction> expected = classifier.Predict(s_airplane);
        byte[] bytes = File.ReadAllBytes(s_airplane);
        using Image image = ImageDecoder.Decode(bytes, classifier.Decoding);
        Assert.Equal(expected, classifier.Predict(bytes));
        Assert.Equal(expected, classifier.Predict(new MemoryStream(bytes)));
        Assert.Equal(expected, classifier.Predict(image));
        Assert.Equal(classifier.Embed(s_airplane), classifier.Embed(bytes));
        Assert.Equal(classifier.Embed(s_airplane), classifier.Embed(new MemoryStream(bytes)));
        Assert.Equal(classifier.Embed(s_airplane), classifier.Embed(image));
    }

    [Fact]
    public void SeveralImagesAreAnsweredInTheirOrderWhateverTheBatch()
    {
        Image[] images = [.. Photographs().Select(path => ImageDecoder.Decode(path, ImageDecodeOptions.Photograph))];
        ImageClassifier together = ImageClassifier.Load(s_checkpoint), inThrees = ImageClassifier.Load(s_checkpoint, new ClassifierOptions { BatchSize = 3, Views = Vision.Transforms.ImageViews.Mirrored });
        for (int i = 0; i < images.Length; i++)
        {
            AssertClose(together.Probabilities([images[i]])[0], together.Probabilities(images)[i]);
            AssertClose(inThrees.Probabilities([images[i]])[0], inThrees.Probabilities(images)[i]);
            AssertClose(together.Embed(images[i]), together.Embed(images)[i]);
        }

        Assert.Equal(images.Length, together.Predict(images, top: 2).Count);
        Assert.Empty(together.Predict(Array.Empty<Image>()));
    }

    [Fact]
    public void AnEmbeddingIsWhatTheClassifierIsGiven()
    {
        ImageClassifier optimized = ImageClassifier.Load(s_checkpoint), plain = ImageClassifier.Load(s_checkpoint, new ClassifierOptions { OptimizeForInference = false });
        float[] embedding = plain.Embed(s_airplane);
        AssertClose(embedding, optimized.Embed(s_airplane));
        Tensor weight = plain.Model.StateDict().Single(entry => entry.Name == "head.weight").Tensor, bias = plain.Model.StateDict().Single(entry => entry.Name == "head.bias").Tensor;
        float[] logits = Tensor.From(embedding, [1, embedding.Length]).MatMul(weight.Reshape(weight.Shape[0], -1), transposeB: true).ToArray();
        float[] values = bias.ToArray();
        Assert.Equal(plain.Predict(s_airplane)[0].Index, Enumerable.Range(0, logits.Length).MaxBy(i => logits[i] + values[i]));
    }

    [Fact]
    public void ACheckpointLoadsFromAStream()
    {
        using FileStream stream = File.OpenRead(s_checkpoint);
        Assert.Equal(ImageClassifier.Load(s_checkpoint).Predict(s_airplane), ImageClassifier.Load(stream).Predict(s_airplane));
        var error = Assert.Throws<CheckpointException>(() => ImageClassifier.Load(new MemoryStream([1, 2, 3]), name: "upload"));
        Assert.StartsWith("upload: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OneThreadGivesTheSameBits()
    {
        ImageClassifier all = ImageClassifier.Load(s_checkpoint), one = ImageClassifier.Load(s_checkpoint, ClassifierOptions.Server);
        Assert.Equal(all.Predict(s_airplane), one.Predict(s_airplane));
        Assert.Equal(1, one.Threads);
    }

    [Fact]
    public void AFileAboveTheLimitIsRefused()
    {
        ImageClassifier classifier = ImageClassifier.Load(s_checkpoint, new ClassifierOptions { Decoding = ImageDecodeOptions.Photograph with { ByteLimit = 100 } });
        Assert.Contains("more than 100 bytes", Assert.Throws<ImageException>(() => classifier.Predict(new MemoryStream(File.ReadAllBytes(s_airplane)))).Message);
        Assert.Contains("at most 100", Assert.Throws<ImageException>(() => classifier.Predict(s_airplane)).Message);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void NumbersBelowOneAreRefused(int threads, int batch) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageClassifier.Load(s_checkpoint, new ClassifierOptions { Threads = threads, BatchSize = batch }));

    [Fact]
    public void LabelsOfAnotherNumberAreRefused()
    {
        var error = Assert.Throws<CheckpointException>(() => ImageClassifier.Load(s_checkpoint, new ClassifierOptions { Labels = ["only one"] }));
        Assert.Contains("10 classes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ModelThatDoesNotFitIsRefused() =>
        Assert.Throws<CheckpointException>(() => ImageClassifier.Load(s_checkpoint, new ClassifierOptions { ModelName = "polaformer_pp_b0" }));

    [Fact]
    public void AResultThatIsNaNIsNoPrediction()
    {
        var classifier = ImageClassifier.Load(s_checkpoint, new ClassifierOptions { OptimizeForInference = false });
        Tensor head = classifier.Model.StateDict().Single(entry => entry.Name == "head.weight").Tensor;
        head.AsSpan<float>().Fill(float.MaxValue);
        Assert.Throws<NotFiniteNumberException>(() => classifier.Predict(s_airplane));
    }

    private static string[] Photographs() => Directory.GetFiles(Path.Combine(s_root, "samples", "images"), "*.jpg");

    // Products of other extents add up in another order.
    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-4f);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}

using PolaFormer.Checkpoints;
using PolaFormer.LongRange.Generation;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Vision;

namespace PolaFormer.LongRange.Tests;

public sealed class SequencePredictorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AnExpressionIsAnsweredAsInTraining()
    {
        SequenceClassifier network = Saved(ArenaTask.ListOps, out string path);
        IReadOnlyList<SequencePrediction> answers = SequencePredictor.Load(path).Predict("( ( ( [MAX 3 ) 8 ) ] )");
        float[] expected = network.Forward(Tensor.From([11L, 4, 9, 15, .. new long[network.Config.MaxLength - 4]], [1, network.Config.MaxLength])).Softmax().ToArray();
        Assert.All(answers, answer => Assert.Equal(expected[answer.Index], answer.Probability, 1e-5));
        Assert.Equal(10, answers.Count);
        Assert.Equal(answers.Select(answer => answer.Probability).OrderDescending(), answers.Select(answer => answer.Probability));
        Assert.All(answers, answer => Assert.Equal($"{answer.Index}", answer.Label));
    }

    [Fact]
    public void ATextFileIsReadAsBytes()
    {
        Saved(ArenaTask.Text, out string path);
        var predictor = SequencePredictor.Load(path);
        File.WriteAllBytes(Path.Combine(_folder.Path, "review.txt"), [0xC3, 0xA9, 0xFF]);
        Assert.Equal(predictor.Predict([0xC3, 0xA9, 0xFF]).Select(answer => answer.Probability), predictor.PredictFile(Path.Combine(_folder.Path, "review.txt")).Select(answer => answer.Probability));
        Assert.NotEqual(predictor.Predict("good")[0].Probability, predictor.Predict("bad")[0].Probability);
    }

    [Fact]
    public void ImagesAreReadByTheirTask()
    {
        Saved(ArenaTask.Pathfinder, out string path);
        string image = Path.Combine(_folder.Path, "a.png");
        byte[] pixels = new PathfinderGenerator(seed: 1).Make(0).Pixels;
        File.WriteAllBytes(image, new IndexedImage(32, 32, pixels, []).ToPng());
        Assert.Equal(2, SequencePredictor.Load(path).PredictFile(image).Count);
        File.WriteAllBytes(image, new IndexedImage(64, 16, pixels, []).ToPng());
        Assert.Contains("64×16", Assert.Throws<ImageException>(() => SequencePredictor.Load(path).PredictFile(image)).Message);
    }

    [Fact]
    public void WhatDoesNotGoWithTheTaskIsSaid()
    {
        Saved(ArenaTask.Retrieval, out string pairs);
        Assert.Contains("two texts", Assert.Throws<ArgumentException>(() => SequencePredictor.Load(pairs).Predict("one")).Message);
        Saved(ArenaTask.Pathfinder, out string images);
        Assert.Contains("images", Assert.Throws<ArgumentException>(() => SequencePredictor.Load(images).Predict("one")).Message);
        Saved(ArenaTask.Text, out string text);
        Assert.Contains("empty", Assert.Throws<ArgumentException>(() => SequencePredictor.Load(text).Predict("")).Message);
    }

    [Theory]
    [InlineData("\"MaxLength\":64", "\"MaxLength\":640000000", "MaxLength is 640000000")]
    [InlineData("\"Attention\":\"elu\"", "\"Attention\":\"none\"", "no attention 'none'")]
    [InlineData("{", "{\"MaxLength\":64,", "cannot be read")]
    [InlineData("{", "[", "cannot be read")]
    public void ADamagedDescriptionIsNamed(string part, string other, string problem)
    {
        string path = SavedOtherwise(config => config.Replace(part, other, StringComparison.Ordinal));
        Assert.Contains(problem, Assert.Throws<CheckpointException>(() => SequencePredictor.Load(path)).Message);
    }

    // A checkpoint may be older than a key.
    [Fact]
    public void AKeyThatIsLeftOutHasItsDefault()
    {
        const string part = "\"AttentionDropRate\":0.1";
        Saved(ArenaTask.Text, out string path);
        string older = SavedOtherwise(config => config.Contains(part, StringComparison.Ordinal) ? config.Replace("," + part, "", StringComparison.Ordinal) : throw new ArgumentException(config));
        Assert.Equal(new SequenceClassifierConfig().AttentionDropRate, SequenceDescription.From(Checkpoint.Open(older)).Config.AttentionDropRate);
        Assert.Equal(SequencePredictor.Load(path).Predict("good"), SequencePredictor.Load(older).Predict("good"));
    }

    private string SavedOtherwise(Func<string, string> change)
    {
        SequenceClassifier network = Saved(ArenaTask.Text, out _);
        var metadata = new Dictionary<string, string>(new SequenceDescription(ArenaTask.Text, network.Config).ToMetadata());
        metadata["config"] = change(metadata["config"]);
        string path = Path.Combine(_folder.Path, "otherwise.safetensors");
        SafetensorsWriter.Write(path, [.. network.StateDict().Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.Shape, entry.Tensor.ToArray()))], metadata);
        return path;
    }

    private SequenceClassifier Saved(ArenaTask task, out string path)
    {
        var network = new SequenceClassifier(new SequenceClassifierConfig
        {
            Attention = "elu",
            VocabularySize = task.VocabularySize,
            MaxLength = task.Length == 1024 ? 1024 : 64,
            Dim = 8,
            HiddenDim = 8,
            HeadDim = 4,
            NumClasses = task.Classes.Count,
            IsDual = task.IsDual,
        });
        network.Initialize(3);
        network.Evaluate();
        path = Path.Combine(_folder.Path, $"{task.Name}.safetensors");
        SafetensorsWriter.Write(path, [.. network.StateDict().Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.Shape, entry.Tensor.ToArray()))], new SequenceDescription(task, network.Config).ToMetadata());
        return network;
    }
}

using PolaFormer.Checkpoints;
using PolaFormer.Tensors;

namespace PolaFormer.Pipelines.Tests;

public class ImageClassifierTests
{
    private static readonly string s_root = FindRoot();
    private static readonly string s_checkpoint = Path.Combine(s_root, "checkpoints", "polaformer_pp_cifar_2m.safetensors");
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
    public void LabelsOfAnotherNumberAreRefused()
    {
        var error = Assert.Throws<CheckpointException>(() => ImageClassifier.Load(s_checkpoint, labels: ["only one"]));
        Assert.Contains("10 classes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ModelThatDoesNotFitIsRefused() =>
        Assert.Throws<CheckpointException>(() => ImageClassifier.Load(s_checkpoint, modelName: "polaformer_pp_b0"));

    [Fact]
    public void AResultThatIsNaNIsNoPrediction()
    {
        var classifier = ImageClassifier.Load(s_checkpoint, optimize: false);
        Tensor head = classifier.Model.StateDict().Single(entry => entry.Name == "head.weight").Tensor;
        head.AsSpan<float>().Fill(float.MaxValue);
        Assert.Throws<NotFiniteNumberException>(() => classifier.Predict(s_airplane));
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}

using PolaFormer.NN;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training.Tests;

/// <summary>
/// The process's own memory, native included, over many threads and many predictions. The environment variable of
/// <see cref="Variable"/> asks for the full counts: 300 threads of 20 batches, and 3,000 predictions.
/// </summary>
[Collection(nameof(RunsAlone))]
public sealed class SteadyMemoryTests : IDisposable
{
    private const string Variable = "POLAFORMER_SOAK";
    private const int ImageSize = 32;
    private const int Stretches = 4;
    private const long MaxGrowth = 3 << 20;

    private readonly TinyRuns _runs = new();

    private static bool IsFull => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void ThreadsThatEndLeaveNoMemoryBehind()
    {
        (int threads, int batches) = IsFull ? (150, 20) : (60, 2);
        var model = ConfiguredModel.Create(_runs.Config(1)).Model;
        model.Initialize(1);
        model.Train();
        AssertSteady(threads, () =>
        {
            var thread = new Thread(() =>
            {
                for (int i = 0; i < batches; i++)
                    Step(model);
            });
            thread.Start();
            thread.Join();
        });
    }

    [Fact]
    public void PredictionsLeaveNoMemoryBehind()
    {
        _runs.Train("a", epochs: 1);
        ImageClassifier classifier = ImageClassifier.Load(Path.Combine(_runs["a"], "last.safetensors"));
        string[] images = Directory.GetFiles(_runs.Images, "*.bmp", SearchOption.AllDirectories);
        int next = 0;
        AssertSteady(IsFull ? 1500 : 300, () => Assert.NotEmpty(classifier.Predict(images[next++ % images.Length])));
    }

    private static void Step(Module model)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        Tensor images = Tensor.From(new float[2 * ImageSize * ImageSize * 3], [2, ImageSize, ImageSize, 3]);
        tape.Backward(model.Forward(images).CrossEntropy(SoftTargets.FromLabels([0, 1], 3, 0)).Mean());
    }

    // A leak grows in every stretch: the working memory of one thread, 70 KB at least, would make more than the limit in each. What the
    // runtime takes for itself, such as compiling again what runs often, comes once, and a stretch without it follows.
    private static void AssertSteady(int count, Action action)
    {
        Repeat();
        long least = long.MaxValue;
        for (int stretch = 0; stretch < Stretches && least > MaxGrowth; stretch++)
        {
            long before = Resident();
            Repeat();
            long growth = Resident() - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{count} times: {growth >> 10} KiB more than {before >> 10} KiB");
            least = Math.Min(least, growth);
        }

        Assert.InRange(least, long.MinValue, MaxGrowth);

        void Repeat()
        {
            for (int i = 0; i < count; i++)
                action();
        }
    }

    private static long Resident()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Environment.WorkingSet;
    }
}

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
    private const long MaxGrowth = 3 << 20;

    private readonly TinyRuns _runs = new();

    private static bool IsFull => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void ThreadsThatEndLeaveNoMemoryBehind()
    {
        (int threads, int batches) = IsFull ? (300, 20) : (120, 2);
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
        AssertSteady(IsFull ? 3000 : 600, () => Assert.NotEmpty(classifier.Predict(images[next++ % images.Length])));
    }

    private static void Step(Module model)
    {
        using var scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        Tensor images = Tensor.From(new float[2 * ImageSize * ImageSize * 3], [2, ImageSize, ImageSize, 3]);
        tape.Backward(model.Forward(images).CrossEntropy(SoftTargets.FromLabels([0, 1], 3, 0)).Mean());
    }

    // What the second half of the repetitions takes more than the first. The working memory of one thread, 70 KB at least, would make
    // more than the limit if it stayed; what the runtime itself takes meanwhile, compiling again what runs often, makes less.
    private static void AssertSteady(int count, Action action)
    {
        long half = 0;
        for (int i = 0; i < count; i++)
        {
            if (i == count / 2)
                half = Resident();
            action();
        }

        long growth = Resident() - half;
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} times: {half >> 10} KiB after the first half, {growth >> 10} KiB more after the second");
        Assert.InRange(growth, long.MinValue, MaxGrowth);
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

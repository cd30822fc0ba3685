using System.Diagnostics;
using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Benchmarks;

/// <summary>
/// Training steps of the sequence classifier of Long Range Arena: every mechanism fused and composed in turns, with the medians of the
/// ratios, memory for each token, and how time grows with the number of tokens: <c>-- --quick sequences [profile] [serial] [NAME …]</c>.
/// With "serial" processor time on one thread, which other programs on the machine disturb less.
/// </summary>
internal static class QuickSequences
{
    private const int TokensOfAStep = 16384, Turns = 7;
    private static readonly int[] s_lengths = [1024, 2048, 4096];

    /// <summary>Prints the table, or where the time of a step of 2,048 tokens goes.</summary>
    public static void Run(string[] arguments)
    {
        bool isProfile = arguments is ["profile", ..];
        string[] names = isProfile ? arguments[1..] : arguments;
        if (names is ["serial", ..])
            (Workers.ThreadCount, names) = (1, names[1..]);
        foreach (string name in names.Length == 0 ? ["polarity(alpha=3)", "elu", "focused(convolution=false,encoding=false)", "softmax"] : names)
        {
            if (isProfile)
                PrintProfile(name);
            else
                Compare(name);
        }
    }

    private static void Compare(string name)
    {
        var points = new List<(double X, double Y)>();
        foreach (int length in s_lengths)
        {
            Action step = Step(name, length);
            step();
            long memory = Device.Cpu.MemoryStatistics.PeakOf(step);
            List<double> fused = [], ratios = [];
            for (int turn = 0; turn < Turns; turn++)
            {
                double quick = TimeOf(step, isComposed: false), slow = TimeOf(step, isComposed: true);
                fused.Add(quick);
                ratios.Add(slow / quick);
            }

            points.Add((length, Sampling.Median(fused)));
            Console.WriteLine($"{name,-45} N {length,5}: {Sampling.Median(fused) * 4096 / TokensOfAStep,7:F1} ms for 4,096 tokens, composed / fused {Sampling.Median(ratios):F2}, {memory / 1024.0 / TokensOfAStep:F2} KiB a token");
        }

        Console.WriteLine($"{name,-45} time ~ N^{1 + PowerLaw.Fit(points).Exponent:F2}");
    }

    private static double TimeOf(Action step, bool isComposed)
    {
        Composition.IsForced = isComposed;
        TimeSpan start = Now();
        step();
        Composition.IsForced = false;
        return (Now() - start).TotalMilliseconds;
    }

    private static TimeSpan Now() => Workers.ThreadCount == 1 ? Environment.CpuUsage.TotalTime : Stopwatch.GetElapsedTime(0);

    private static void PrintProfile(string name)
    {
        Profile profile = Profile.Measure(() => Step(name, 2048), TimeSpan.FromSeconds(4), 1);
        Console.WriteLine($"{name}: {profile.StepMs:F1} ms, outside calls {profile.OutsideCallsMs:F1}");
        foreach (ProfileEntry entry in profile.ByOperator())
            Console.WriteLine($"  {entry.Operator,-32} {entry.Calls,4} calls {entry.Ms,8:F2} ms {entry.Gflops,8:F1} GFLOP/s {entry.Bytes / entry.Ms / 1e6,8:F1} GB/s");
    }

    // Forward, backward, clipping by value and AdamW, as Skyformer's step has them; the last third of every sequence is padding.
    private static Action Step(string name, int length)
    {
        int batch = TokensOfAStep / length;
        var config = new SequenceClassifierConfig { Attention = name, VocabularySize = 512, MaxLength = length };
        var model = new SequenceClassifier(config);
        model.Initialize(1);
        model.Train();
        var random = new Random(1);
        Tensor tokens = Tensor.From([.. Enumerable.Range(0, batch * length).Select(i => i % length < 2 * length / 3 ? random.NextInt64(1, 257) : 0)], [batch, length]);
        Tensor targets = SoftTargets.FromLabels([.. Enumerable.Range(0, batch).Select(i => i % 2)], config.NumClasses, 0);
        var optimizer = new AdamW([new ParameterGroup([.. model.NamedParameters()], 0)], eps: 1e-6);
        return () =>
        {
            model.ZeroGrad();
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
                tape.Backward(model.Forward(tokens).CrossEntropy(targets).Mean());
            GradientClipping.ByValue(model.Parameters(), 1);
            optimizer.Step(1e-4);
        };
    }
}

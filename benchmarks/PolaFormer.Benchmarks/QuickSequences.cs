using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Benchmarks;

/// <summary>
/// Training steps of the sequence classifier of Long Range Arena: every mechanism fused, padding taken out, and composed, padding
/// computed, in turns, with the medians of the ratios, memory for each token, and how time grows with the number of tokens:
/// <c>-- --quick sequences [layer] [serial] [NAME …]</c>. With "layer" forward and backward of the attention layer alone, with "serial"
/// processor time on one thread, which other programs on the machine disturb less.
/// <c>profile [NAME …]</c> shows where the time of a step of 2,048 tokens goes; <c>step NAME TOKENS BATCH FILLED SECONDS THREADS</c>
/// prints a line of JSON for peers/compare.py.
/// </summary>
internal static class QuickSequences
{
    private const int TokensOfAStep = 16384, Turns = 7, Channels = 64, Heads = 2;
    private const double Filled = 2.0 / 3;
    private static readonly int[] s_lengths = [1024, 2048, 4096];
    private static readonly string[] s_mechanisms = ["polarity(alpha=3)", "elu", "focused(convolution=false,encoding=false)", "softmax"];

    /// <summary>Prints what is asked for.</summary>
    public static void Run(string[] arguments)
    {
        if (arguments is ["step", var name, var tokens, var batch, var filled, var seconds, var threads])
        {
            Workers.ThreadCount = Whole(threads);
            PrintStep(Step(name, Whole(tokens), Whole(batch), Number(filled)), TimeSpan.FromSeconds(Number(seconds)));
            return;
        }

        var names = new List<string>(arguments);
        bool isProfile = names.Remove("profile"), isLayer = names.Remove("layer");
        if (names.Remove("serial"))
            Workers.ThreadCount = 1;
        foreach (string mechanism in names.Count == 0 ? s_mechanisms : [.. names])
        {
            if (isProfile)
                PrintProfile(mechanism);
            else
                Compare(mechanism, isLayer ? length => Layer(mechanism, length) : length => Step(mechanism, length, TokensOfAStep / length, Filled));
        }

        static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    private static void Compare(string name, Func<int, Action> stepOf)
    {
        var points = new List<(double X, double Y)>();
        foreach (int length in s_lengths)
        {
            Action step = stepOf(length);
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
        Profile profile = Profile.Measure(() => Step(name, 2048, TokensOfAStep / 2048, Filled), TimeSpan.FromSeconds(4), 1);
        Console.WriteLine($"{name}: {profile.StepMs:F1} ms, outside calls {profile.OutsideCallsMs:F1}");
        foreach (ProfileEntry entry in profile.ByOperator())
            Console.WriteLine($"  {entry.Operator,-32} {entry.Calls,4} calls {entry.Ms,8:F2} ms {entry.Gflops,8:F1} GFLOP/s {entry.Bytes / entry.Ms / 1e6,8:F1} GB/s");
    }

    private static void PrintStep(Action step, TimeSpan duration)
    {
        Sampling.WarmUp(step, duration / 3);
        List<double> times = Sampling.Times(step, duration);
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, double>
        {
            ["median_ms"] = Sampling.Median(times),
            ["peak_rss_bytes"] = Process.GetCurrentProcess().PeakWorkingSet64,
        }));
    }

    // Forward, backward, clipping by value and AdamW, as Skyformer's step has them; the end of every sequence is padding.
    private static Action Step(string name, int length, int batch, double filled)
    {
        var config = new SequenceClassifierConfig { Attention = name, VocabularySize = 512, MaxLength = length, Dim = Channels, NumHeads = Heads };
        SequenceClassifier model = Network(config);
        var random = new Random(1);
        long[] ids = [.. Enumerable.Range(0, batch * length).Select(i => i % length < filled * length ? random.NextInt64(1, 257) : 0)];
        Tensor tokens = Tensor.From(ids, [batch, length]);
        TokenRows? rows = TokenRows.Of(ids, length, Device.Cpu);
        Tensor targets = SoftTargets.FromLabels([.. Enumerable.Range(0, batch).Select(i => i % 2)], config.NumClasses, 0);
        var optimizer = new AdamW([new ParameterGroup([.. model.NamedParameters()], 0)], eps: 1e-6);
        return () =>
        {
            model.ZeroGrad();
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
                tape.Backward(model.Forward(tokens, [Composition.IsForced ? null : rows]).CrossEntropy(targets).Mean());
            GradientClipping.ByValue(model.Parameters(), 1);
            optimizer.Step(1e-4);
        };
    }

    // Norm, projections, attention and what belongs to it, of the first block; full rows.
    private static Action Layer(string name, int length)
    {
        SequenceClassifier model = Network(new SequenceClassifierConfig { Attention = name, MaxLength = length, Dim = Channels, NumHeads = Heads, NumLayers = 1 });
        Module norm = model.Modules().First(module => module.Name == "norm1"), layer = model.Modules().First(module => module.Name == "mha");
        Tensor x = Tensor.Empty([TokensOfAStep / length, length, Channels]);
        x.FillNormal(new Philox(1, 0), 1);
        return () =>
        {
            model.ZeroGrad();
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
                tape.Backward(layer.Forward(norm.Forward(x)).Mean());
        };
    }

    private static SequenceClassifier Network(SequenceClassifierConfig config)
    {
        var model = new SequenceClassifier(config);
        model.Initialize(1);
        model.Train();
        return model;
    }
}

using System.Diagnostics;
using System.Globalization;
using PolaFormer.Distributed;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Training.Tests;

/// <summary>
/// Steps of up to 64 workers in computed time: the parts of gradients that the trainer makes, in the order and at the times of a measured
/// backward pass, added up by the tree that the trainer uses. <see cref="MeasureBackwardPasses"/>, which runs when it is asked for
/// (<c>-explicit only</c>), measures the backward passes anew.
/// </summary>
[Collection(nameof(RunsAlone))]
public sealed class SimulatedTrainingTests
{
    // Each number that is added up stands for so many.
    private const int Scale = 64;

    private static readonly int[] s_workers = [2, 8, 64];

    /// <summary>Network, seconds of a worker's step without messages, latency in µs, gigabytes a second.</summary>
    public static TheoryData<string, double, double, double> Cases() => new()
    {
        { "polaformer_pp_cifar_2m", 0.5, 30, 1.25 },
        { "pola_pvt_tiny", 1, 30, 1.25 },
        { "pola_pvt_tiny", 0.1, 10, 12.5 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void NineTenthsOfTheWorkersComputeUpTo64(string network, double seconds, double latency, double gigabytes)
    {
        double[] shares = [.. s_workers.Select(workers => Step(network, workers, seconds, latency * 1e-6, 1e-9 / gigabytes).Efficiency)];
        string row = string.Create(CultureInfo.InvariantCulture, $"| `{network}` | {seconds} s | {latency} µs, {gigabytes} GB/s | {string.Join(" | ", shares.Select(share => share.ToString("F3", CultureInfo.InvariantCulture)))} |");
        Assert.True(File.ReadAllText(Path.Combine(SharedData.Repository, "docs", "many-machines.md")).Contains(row, StringComparison.Ordinal), $"docs/many-machines.md lacks {row}");
        Assert.All(shares, share => Assert.True(share >= 0.9, row));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheBackwardPassHidesFourFifthsOfTheMessages(string network, double seconds, double latency, double gigabytes) =>
        Assert.All(s_workers, workers => Assert.InRange(Step(network, workers, seconds, latency * 1e-6, 1e-9 / gigabytes).Hidden, 0.8, 1));

    /// <summary>
    /// pola_pvt_tiny on ImageNet's 1,281,167 images, 300 epochs, on machines of eight GPUs that take 26.9 ms for 128 images each
    /// (docs/gpu.md), NCCL's messages taking 10 µs and 80 GB/s within a machine, 34 µs and 46 GB/s between two.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(64)]
    public void TheEstimateForMachinesOfEightGpusIsThatOfTheTree(int gpus)
    {
        const int Batch = 128, Epochs = 300, Images = 1_281_167;
        const double Seconds = 0.0269;
        double share = gpus == 1 ? 1 : Step("pola_pvt_tiny", gpus, Seconds, (a, b) => a / 8 == b / 8 ? (10e-6, 1e-9 / 80) : (34e-6, 1e-9 / 46)).Efficiency;
        double rate = gpus * share * Batch / Seconds;
        string row = string.Create(CultureInfo.InvariantCulture, $"| {gpus} | {Seconds * 1e3 / share:F1} ms | {share:F3} | {rate:#,0} | {(double)Images * Epochs / rate / 3600:F2} |");
        Assert.True(File.ReadAllText(Path.Combine(SharedData.Repository, "docs", "many-machines.md")).Contains(row, StringComparison.Ordinal), $"docs/many-machines.md lacks {row}");
    }

    [Fact]
    public void ALinkThatIsTooSlowIsNotHidden()
    {
        (double efficiency, double hidden) = Step("pola_pvt_tiny", 8, 0.1, 30e-6, 1e-9 / 0.125);
        Assert.True(efficiency < 0.5);
        Assert.True(hidden < 0.5);
    }

    [Fact(Explicit = true)]
    public void MeasureBackwardPasses()
    {
        int threads = Workers.ThreadCount;
        Workers.ThreadCount = 1;
        try
        {
            Measure("polaformer_pp_cifar_2m", batch: 16);
            Measure("pola_pvt_tiny", batch: 2);
        }
        finally
        {
            Workers.ThreadCount = threads;
        }
    }

    // A worker's images a second over those of one alone, and the share of the time of messages that no worker waits for.
    private static (double Efficiency, double Hidden) Step(string network, int workers, double seconds, double latency, double secondsPerByte) =>
        Step(network, workers, seconds, (_, _) => (latency, secondsPerByte));

    private static (double Efficiency, double Hidden) Step(string network, int workers, double seconds, Func<int, int, (double Latency, double SecondsPerByte)> linkOf)
    {
        (int[] counts, double[] shares) = Read(network);
        int length = counts.Sum();
        GradientPart[] parts = GradientPart.Plan(counts, length);
        (double End, double Exchanged, double Waited)[] ends = SimulatedGroup.Run(workers, (a, b) => Scaled(linkOf(a, b)), worker =>
        {
            // What a trainer asks all before a step.
            worker.Any(0);
            double start = worker.Clock, exchanged = 0;
            float[] sums = new float[length / Scale];
            foreach (GradientPart part in parts)
            {
                double complete = part.EndOfParameters > counts.Length ? 1 : shares[part.EndOfParameters - 1];
                worker.Clock = Math.Max(worker.Clock, start + (complete * seconds));
                double left = worker.Clock;
                worker.SumInTree(sums.AsSpan((part.Start / Scale)..(part.End / Scale)));
                exchanged += worker.Clock - left;
            }

            double waited = Math.Max(0, worker.Clock - start - seconds);
            worker.Clock = Math.Max(worker.Clock, start + seconds);
            worker.Any(0);
            return (worker.Clock, exchanged, waited);
        });
        return (seconds / ends.Max(end => end.End), 1 - (ends.Average(end => end.Waited) / ends.Average(end => end.Exchanged)));
    }

    private static (double Latency, double SecondsPerByte) Scaled((double Latency, double SecondsPerByte) link) => (link.Latency, link.SecondsPerByte * Scale);

    private static string PathOf(string network) => Path.Combine(SharedData.Repository, "tests", "PolaFormer.Training.Tests", "Fixtures", $"backward_{network}.tsv");

    // Numbers of each parameter from the last layer to the first, and the share of a step after which its gradient is complete.
    private static (int[] Counts, double[] Shares) Read(string network)
    {
        string[][] lines = [.. File.ReadLines(PathOf(network)).Select(line => line.Split('\t'))];
        double[] shares = [.. lines.Select(line => double.Parse(line[1], CultureInfo.InvariantCulture))];
        for (int i = 1; i < shares.Length; i++)
            shares[i] = Math.Max(shares[i], shares[i - 1]);
        return ([.. lines.Select(line => int.Parse(line[0], CultureInfo.InvariantCulture))], shares);
    }

    private static void Measure(string network, int batch)
    {
        ModelEntry entry = ModelRegistry.Find(network);
        VisionModel model = entry.Config.Create();
        model.Initialize(1);
        model.Train();
        Parameter[] parameters = [.. model.Parameters().Where(parameter => parameter.RequiresGrad).Reverse()];
        int size = entry.ImageSize;
        Tensor images = Tensor.Full([batch, size, size, 3], 0.5f);
        double[] shares = [];
        for (int pass = 0; pass < 3; pass++)
        {
            var times = new Times();
            using (Tape.Observe(times))
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
            {
                Tensor loss = model.Forward(images).Sum();
                tape.Backward(loss);
            }

            // What has no gradient, as a norm that is not used, leaves at once.
            double all = times.Elapsed;
            shares = [.. parameters.Select(parameter => times.Complete.GetValueOrDefault(parameter) / all)];
        }

        File.WriteAllLines(PathOf(network), parameters.Select((parameter, i) => string.Create(CultureInfo.InvariantCulture, $"{parameter.Count}\t{shares[i]:F4}")));
    }

    private sealed class Times : ITapeObserver
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public Dictionary<Tensor, double> Complete { get; } = [];

        public double Elapsed => Stopwatch.GetElapsedTime(_start).TotalSeconds;

        public void Recorded(Operator op, Tensor output)
        {
        }

        public void GradientComputed(Operator op, Columns gradient)
        {
        }

        public void LeafGradientAdded(Tensor leaf) => Complete[leaf] = Elapsed;
    }
}

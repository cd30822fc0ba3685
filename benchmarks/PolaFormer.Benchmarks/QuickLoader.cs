using System.Diagnostics;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Training.Optimization;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Benchmarks;

/// <summary>How fast a recipe's training images are made, and what making them costs the training.</summary>
internal static class QuickLoader
{
    private const int Rounds = 7;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(6);

    /// <summary>Prints images/s of the loader alone, or with <c>feed</c> those of training fed by it in turns with training on one batch.</summary>
    public static void Run(string[] arguments)
    {
        bool feed = arguments is ["feed", ..];
        if (arguments.Skip(feed ? 1 : 0).ToArray() is not [var recipe, var data, .. var options])
        {
            Console.Error.WriteLine("usage: --quick loader [feed] RECIPE.yaml DATA [KEY VALUE …]");
            return;
        }
        TrainingConfig config = ConfigurationReader.Read(recipe, ["DATA.DATA_PATH", data, .. options]);
        if (feed)
            Feed(config);
        else
            Alone(config);
    }

    private static void Alone(TrainingConfig config)
    {
        Console.WriteLine($"{"images",7} {"workers",8} {"epoch",6} {"images/s",10} {"a core",10}");
        foreach (int workers in (ReadOnlySpan<int>)[1, 2])
        {
            config.Data.NumWorkers = workers;
            DataLoader loader = TrainingData.Open(config).Train;
            for (int epoch = 0; epoch < 4; epoch++)
            {
                (TimeSpan cpu, long start) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
                int images = loader.Epoch(epoch).Sum(batch => batch.Count);
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
                Console.WriteLine($"{images,7} {workers,8} {epoch + 1,6} {images / seconds,10:F0} {images / cpuSeconds,10:F0}");
            }
        }
    }

    private static void Feed(TrainingConfig config)
    {
        VisionModel model = ConfiguredModel.Create(config).Model;
        model.Initialize(0);
        model.Train();
        var optimizer = new AdamW(ParameterGroup.Split(model, config.Train.WeightDecay));
        DataLoader loader = TrainingData.Open(config).Train;
        using IEnumerator<Batch> batches = Endless(loader).GetEnumerator();
        batches.MoveNext();
        Tensor images = ImagesOf(batches.Current);
        int[] labels = batches.Current.Labels.ToArray();

        var ratios = new List<double>();
        var cpuRatios = new List<double>();
        var waits = new List<double>();
        for (int round = 0; round <= Rounds; round++)
        {
            (double repeated, double repeatedCpu) = Rate(() => Step(images, labels));
            TimeSpan waited = loader.WaitTime;
            long start = Stopwatch.GetTimestamp();
            (double fed, double fedCpu) = Rate(() =>
            {
                batches.MoveNext();
                Step(ImagesOf(batches.Current), batches.Current.Labels);
            });
            double wait = (loader.WaitTime - waited) / Stopwatch.GetElapsedTime(start);
            // The first round compiles and fills the cache's first part.
            if (round == 0)
                continue;
            ratios.Add(fed / repeated);
            cpuRatios.Add(fedCpu / repeatedCpu);
            waits.Add(wait);
            Console.WriteLine($"steps/s on one batch {repeated:F2}, fed {fed:F2}: {fed / repeated:F3}; processor time a step × {fedCpu / repeatedCpu:F3}; waiting {wait:P2}");
        }
        Console.WriteLine($"{config.Model.Type}, batch {config.Data.BatchSize}: fed at {Median(ratios):F3} of the rate on one batch, processor time × {Median(cpuRatios):F3}, waiting {Median(waits):P2} of the time (medians of {Rounds})");

        void Step(Tensor images, ReadOnlySpan<int> labels)
        {
            RandomStep.Current = new RandomStep(0, (ulong)optimizer.StepCount);
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
            {
                Tensor loss = model.Forward(images).CrossEntropy(SoftTargets.FromLabels(labels, model.NumClasses, smoothing: 0.1f)).Mean();
                model.ZeroGrad();
                tape.Backward(loss);
            }
            optimizer.Step(1e-4);
        }
    }

    private static IEnumerable<Batch> Endless(DataLoader loader)
    {
        for (int epoch = 0; ; epoch++)
        {
            foreach (Batch batch in loader.Epoch(epoch))
                yield return batch;
        }
    }

    private static Tensor ImagesOf(Batch batch) => Tensor.From(batch.Images, [batch.Count, batch.ImageSize, batch.ImageSize, 3]);

    // Steps a second, and processor seconds a step, which other programs on the machine disturb less.
    private static (double Rate, double Cpu) Rate(Action step)
    {
        (TimeSpan cpu, long start) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        int count = 0;
        for (; Stopwatch.GetElapsedTime(start) < s_round; count++)
            step();
        return (count / Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds / count);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}

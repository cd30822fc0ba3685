using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;
using Clock = System.Diagnostics.Stopwatch;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Where the time of a training step or a forward pass goes: the whole, the host's part of it, and kernel by kernel.</summary>
internal static class KernelProfile
{
    private const int Warm = 3, Repetitions = 10, MostLines = 45;

    /// <summary>Prints profiles of works such as <c>pola_pvt_tiny/train/128</c>, <c>pola_pvt_tiny/infer/1</c>, the same as one piece, <c>pola_pvt_tiny/graph/1</c>, and <c>listops/train/32</c>.</summary>
    public static void Print(Gpu gpu, bool isMixed, string[] works)
    {
        foreach (string work in works)
        {
            var runtime = new ProfilingRuntime(gpu);
            var device = new CudaDevice(runtime, "cuda:0") { IsMixedPrecision = isMixed };
            using IDisposable use = device.Use();
            string[] parts = work.Split('/');
            try
            {
                Profile($"{work}, {(isMixed ? "mixed" : "float32")}", WorkOf(parts[0], parts[1], int.Parse(parts[2])), device, runtime);
            }
            catch (Exception exception) when (exception is CudaException or InsufficientMemoryException or InvalidOperationException)
            {
                Console.WriteLine($"BAD {work}: {exception.Message}");
            }

            runtime.Profile.Dispose();
            device.TrimMemory();
        }
    }

    private static void Profile(string title, Action work, CudaDevice device, ProfilingRuntime runtime)
    {
        for (int i = 0; i < Warm; i++)
            work();
        device.Synchronize();
        double[] whole = new double[Repetitions], host = new double[Repetitions];
        for (int i = 0; i < Repetitions; i++)
        {
            long start = Clock.GetTimestamp();
            work();
            host[i] = Clock.GetElapsedTime(start).TotalMilliseconds;
            device.Synchronize();
            whole[i] = Clock.GetElapsedTime(start).TotalMilliseconds;
        }

        runtime.Profile.IsOn = true;
        work();
        IReadOnlyList<(string Kernel, int Launches, double Milliseconds)> totals = runtime.Profile.Totals();
        runtime.Profile.IsOn = false;
        double sum = totals.Sum(total => total.Milliseconds);
        Console.WriteLine();
        Console.WriteLine($"== {title}: {whole.Order().ElementAt(Repetitions / 2):F2} ms, host {host.Order().ElementAt(Repetitions / 2):F2} ms, kernels one by one {sum:F2} ms, {totals.Sum(total => total.Launches)} launches, {device.MemoryStatistics.PeakBytesInUse >> 20} MiB");
        foreach ((string kernel, int launches, double milliseconds) in totals.Take(MostLines))
            Console.WriteLine($"{milliseconds,9:F3} ms {100 * milliseconds / sum,5:F1} % {launches,5} x {kernel}");
    }

    private static Action WorkOf(string name, string kind, int batch)
    {
        if (name == "listops")
            return Sequences(batch);
        VisionModel model = ModelRegistry.Find(name).Config.Create();
        model.Initialize(1);
        model.To(Device.Default);
        Tensor images = Noise.Images(batch, model.ImageSize);
        if (kind != "train")
        {
            model.OptimizeForInference();
            if (kind == "graph")
            {
                RepeatedPass pass = Device.Default.Repeat(() => model.Forward(images));
                return () => pass.Run();
            }

            return () =>
            {
                using MemoryScope scope = MemoryScope.Enter();
                model.Forward(images);
            };
        }

        int[] labels = [.. Enumerable.Range(0, batch).Select(i => i % model.NumClasses)];
        return Step(model, () => model.Forward(images), SoftTargets.FromLabels(labels, model.NumClasses, smoothing: 0.1f));
    }

    // Long Range Arena's ListOps at its published size.
    private static Action Sequences(int batch)
    {
        const int Length = 2000, Kinds = 32, Classes = 10;
        var model = new SequenceClassifier(new SequenceClassifierConfig { Attention = "polarity", VocabularySize = Kinds, MaxLength = Length, NumClasses = Classes });
        model.Initialize(0);
        model.To(Device.Default);
        var random = new Random(1);
        Tensor tokens = Tensor.From([.. Enumerable.Range(0, batch * Length).Select(_ => (long)random.Next(1, Kinds))], [batch, Length]);
        return Step(model, () => model.Forward(tokens), SoftTargets.FromLabels([.. Enumerable.Range(0, batch).Select(i => i % Classes)], Classes, 0));
    }

    private static Action Step(Module model, Func<Tensor> forward, Tensor targets)
    {
        model.Train();
        var optimizer = new AdamW(ParameterGroup.Split(model, 0.05));
        return () =>
        {
            RandomStep.Current = new RandomStep(0, (ulong)optimizer.StepCount);
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
            {
                Tensor loss = forward().CrossEntropy(targets).Mean();
                model.ZeroGrad();
                tape.Backward(loss);
            }

            optimizer.Step(1e-4);
        };
    }
}

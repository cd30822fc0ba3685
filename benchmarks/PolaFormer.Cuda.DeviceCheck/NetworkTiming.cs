using System.Text.Json;
using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Time of networks at their published size, in inference and in training, float32 and mixed precision: a line of JSON each.</summary>
internal static class NetworkTiming
{
    private const int Warm = 5, Repetitions = 21, Batch = 128;

    public static void Print(CudaDevice device, string[] names)
    {
        using IDisposable use = device.Use();
        foreach (bool isMixed in (bool[])[true, false])
        {
            device.IsMixedPrecision = isMixed;
            foreach (string name in names)
            {
                ModelEntry entry = ModelRegistry.Find(name);
                Func<int, Action> inference = NetworkPass.Inference(Load), training = NetworkPass.Training(Load);
                PrintOne("infer", 1, inference);
                PrintOne("infer", Batch, inference);
                PrintOne("train", Batch, training);

                void PrintOne(string what, int batch, Func<int, Action> pass)
                {
                    Sampling.Settle();
                    double ms = Latency(device, pass(batch));
                    Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
                    {
                        ["peer"] = "ours",
                        ["model"] = name,
                        ["what"] = what,
                        ["batch"] = batch,
                        ["precision"] = isMixed ? "mixed" : "float32",
                        ["ms"] = Math.Round(ms, 3),
                        ["images_per_second"] = Math.Round(1000 * batch / ms),
                        ["peak_mib"] = device.MemoryStatistics.PeakBytesInUse >> 20,
                    }));
                }

                VisionModel Load()
                {
                    VisionModel model = entry.Config.Create();
                    model.Initialize(1);
                    model.To(device);
                    return model;
                }
            }

            device.TrimMemory();
        }
    }

    // From the call to the end of the work, which is waited for, as benchmarks/peers/cuda_networks.py measures PyTorch.
    private static double Latency(Device device, Action work)
    {
        for (int i = 0; i < Warm; i++)
            work();
        double[] times = new double[Repetitions];
        for (int i = 0; i < Repetitions; i++)
        {
            device.Synchronize();
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            work();
            device.Synchronize();
            times[i] = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return Sampling.Median(times);
    }
}

using PolaFormer.Measurement;
using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Images a second of networks at their published size, in training and in inference.</summary>
internal static class NetworkTiming
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(4);

    public static void Print(Device device, string[] names)
    {
        using IDisposable use = device.Use();
        foreach (string name in names)
        {
            ModelEntry entry = ModelRegistry.Find(name);
            foreach (int batch in (int[])[1, 128])
            {
                InferenceResult result = InferenceResult.Measure(entry, Load, batch, s_duration, profile: false);
                Console.WriteLine($"{name} inference, batch {batch}: {result.MedianMs:F2} ms, {result.ImagesPerSecond:F0} images/s, {result.PeakTensorBytes >> 20} MiB of tensors");
            }

            TrainingResult training = TrainingResult.Measure(entry, Load, 128, s_duration, profile: false);
            Console.WriteLine($"{name} training, batch 128: {training.MedianMs:F2} ms, {training.ImagesPerSecond:F0} images/s, {training.PeakTensorBytes >> 20} MiB of tensors");

            VisionModel Load()
            {
                VisionModel model = entry.Config.Create();
                model.Initialize(1);
                model.To(device);
                return model;
            }
        }
    }
}

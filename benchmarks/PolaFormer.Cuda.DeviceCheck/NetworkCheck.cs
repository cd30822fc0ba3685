using PolaFormer.Models;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Whole networks on a device against the processor: small ones of every family, one at its published size, and training.</summary>
internal static class NetworkCheck
{
    private const int Steps = 50, Batch = 16;

    public static bool Run(Device device)
    {
        Dictionary<string, VisionModelConfig> hosts = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary();
        bool good = true;
        foreach ((string host, VisionModelConfig config) in hosts)
            good &= Pass(host, config, 2, device);
        foreach (AttentionEntry attention in AttentionRegistry.All)
            good &= Pass($"deit with {attention.Name}", hosts["deit"] with { Attention = [attention.Name] }, 2, device);
        good &= Pass("pola_pvt_tiny at 224 pixels", ModelRegistry.Find("pola_pvt_tiny").Config, 2, device);
        return good & Training(hosts["pola_pvt"], device);
    }

    private static bool Pass(string name, VisionModelConfig config, int batch, Device device)
    {
        try
        {
            config = config with { DropPathRate = 0 };
            (float[] Logits, float[] Gradients) expected = PassOn(Device.Cpu), actual = PassOn(device);
            return Errors.Print($"{name}, logits", Errors.Relative(expected.Logits, actual.Logits), 2e-5)
                & Errors.Print($"{name}, gradients", Errors.Relative(expected.Gradients, actual.Gradients), 2e-4);
        }
        catch (Exception exception) when (exception is CudaException or NotSupportedException or InvalidOperationException)
        {
            Console.WriteLine($"BAD {name}: {exception.Message}");
            return false;
        }

        (float[] Logits, float[] Gradients) PassOn(Device where)
        {
            VisionModel model = config.Create();
            model.Initialize(1);
            model.Train();
            model.To(where);
            using IDisposable use = where.Use();
            using var tape = Tape.Start();
            Tensor logits = model.Forward(Images(batch, config.ImageSize, 0, where));
            tape.Backward(logits.LogSoftmax().Slice(1, 1, 1).Mean());
            return (logits.ToArray(), [.. model.Parameters().Where(parameter => parameter.Grad is not null).SelectMany(parameter => parameter.Grad!.ToArray())]);
        }
    }

    // Noise with random labels: what is compared is the course of the losses.
    private static bool Training(VisionModelConfig config, Device device)
    {
        float[] expected = Losses(Device.Cpu), first = Losses(device), second = Losses(device);
        Console.WriteLine($"losses of {Steps} steps: {first[0]:F4} to {first[^1]:F4}, the processor's {expected[0]:F4} to {expected[^1]:F4}");
        bool isRepeated = first.AsSpan().SequenceEqual(second);
        Console.WriteLine($"{(isRepeated ? "ok " : "BAD")} a second run has the same bits");
        return Errors.Print($"losses of {Steps} steps", Errors.Relative(expected, first), 1e-3) & isRepeated;

        float[] Losses(Device where)
        {
            using IDisposable use = where.Use();
            VisionModel model = (config with { DropPathRate = 0 }).Create();
            model.Initialize(1);
            model.Train();
            model.To(where);
            var optimizer = new AdamW(ParameterGroup.Split(model, 0.05));
            Tensor targets = SoftTargets.FromLabels([.. Enumerable.Range(0, Batch).Select(i => i % model.NumClasses)], model.NumClasses, 0.1f, where);
            var losses = new Tensor[Steps];
            for (int step = 0; step < Steps; step++)
            {
                using MemoryScope scope = MemoryScope.Enter();
                using (var tape = Tape.Start())
                {
                    losses[step] = MemoryScope.OutsideScopes(() => Tensor.Empty([], DType.Float32, where));
                    Tensor loss = model.Forward(Images(Batch, config.ImageSize, (ulong)step % 4, where)).CrossEntropy(targets).Mean();
                    model.ZeroGrad();
                    tape.Backward(loss);
                    losses[step].CopyFrom(loss);
                }

                GradientClipping.ByNorm(model.Parameters(), 5);
                optimizer.Step(1e-3);
            }

            return [.. losses.Select(loss => loss.Item())];
        }
    }

    private static Tensor Images(int count, int size, ulong stream, Device device)
    {
        var values = new float[count * size * size * 3];
        new Philox(3, stream).FillNormal(values, 0);
        return Tensor.From(values, [count, size, size, 3], device);
    }
}

using PolaFormer.Models;
using PolaFormer.NN;
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
        if (device is CudaDevice gpu)
        {
            // bfloat16 has 8 bits.
            gpu.IsMixedPrecision = true;
            foreach ((string host, VisionModelConfig config) in hosts)
                good &= Pass($"{host}, mixed precision", config, 2, device, 2e-2, 5e-2);
            var wide = (PolaFormerPlusPlusConfig)hosts["polaformer_pp"] with { EmbedDims = [96, 16], NumHeads = [1, 2] };
            good &= Pass("polaformer_pp with heads of 96 channels, mixed precision", wide, 2, device, 2e-2, 5e-2);
            gpu.IsMixedPrecision = false;
        }

        return good & Training(hosts["pola_pvt"], device);
    }

    private static bool Pass(string name, VisionModelConfig config, int batch, Device device, double ofLogits = 2e-5, double ofGradients = 2e-4)
    {
        try
        {
            config = config with { DropPathRate = 0 };
            (float[] Logits, float[] Gradients) expected = PassOn(Device.Cpu), actual = PassOn(device);
            return Errors.Print($"{name}, logits", Errors.Relative(expected.Logits, actual.Logits), ofLogits)
                & Errors.Print($"{name}, gradients", Errors.Relative(expected.Gradients, actual.Gradients), ofGradients);
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
        VisionModelConfig whole = config with { DropPathRate = 0 };
        float[] expected = Losses(whole, Device.Cpu), first = Losses(whole, device), second = Losses(whole, device);
        Console.WriteLine($"losses of {Steps} steps: {first[0]:F4} to {first[^1]:F4}, the processor's {expected[0]:F4} to {expected[^1]:F4}");
        bool good = Errors.Print($"losses of {Steps} steps", Errors.Relative(expected, first), 1e-3)
            & Same("a second run has the same bits", first, second) & Repeats(config, device, "float32")
            & Repeats(config, device, "gradient descent", groups => new Sgd(groups)) & Repeats(config, device, "Muon", groups => new Muon(groups));
        if (device is not CudaDevice gpu)
            return good;
        gpu.IsMixedPrecision = true;
        float[] mixed = Losses(whole, device);
        good &= Errors.Print($"losses of {Steps} steps in mixed precision", Errors.Relative(expected, mixed), 5e-2) & Repeats(config, device, "mixed precision");
        gpu.IsMixedPrecision = false;
        return good;
    }

    // With blocks left out by chance, which follows from the step.
    private static bool Repeats(VisionModelConfig config, Device device, string what, Func<IReadOnlyList<ParameterGroup>, Optimizer>? rule = null)
    {
        config = config with { DropPathRate = 0.2f };
        return Same($"steps repeated as a whole have the same bits, {what}", Losses(config, device, rule: rule), Losses(config, device, isRepeated: true, rule));
    }

    private static bool Same(string what, float[] first, float[] second)
    {
        bool isSame = first.AsSpan().SequenceEqual(second);
        Console.WriteLine($"{(isSame ? "ok " : "BAD")} {what}");
        return isSame;
    }

    private static float[] Losses(VisionModelConfig config, Device where, bool isRepeated = false, Func<IReadOnlyList<ParameterGroup>, Optimizer>? rule = null)
    {
        using IDisposable use = where.Use();
        VisionModel model = config.Create();
        model.Initialize(1);
        model.Train();
        model.To(where);
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Split(model, 0.05);
        Optimizer optimizer = rule is null ? new AdamW(groups) : rule(groups);
        Tensor targets = SoftTargets.FromLabels([.. Enumerable.Range(0, Batch).Select(i => i % model.NumClasses)], model.NumClasses, 0.1f, where);
        Tensor images = Images(Batch, config.ImageSize, 0, where), losses = Tensor.Empty([Steps], device: where);
        ulong now = 0;
        using RepeatedPass pass = where.Repeat(Step);
        for (int step = 0; step < Steps; step++)
        {
            using MemoryScope scope = MemoryScope.Enter();
            images.CopyFrom(Images(Batch, config.ImageSize, (ulong)step % 4, where));
            now = (ulong)step;
            optimizer.Begin(1e-3 / (1 + (step % 5)));
            losses.Slice(0, step, 1).CopyFrom((isRepeated ? pass.Run(now) : Step()).Reshape(1));
        }

        if (pass.WhyNotWhole is { } reason)
            Console.WriteLine($"BAD steps are not repeated as a whole: {reason}");
        return losses.ToArray();

        Tensor Step()
        {
            RandomStep.Current = new RandomStep(5, now);
            using var tape = Tape.Start();
            Tensor loss = model.Forward(images).CrossEntropy(targets).Mean();
            model.ZeroGrad();
            tape.Backward(loss);
            Tensor[] gradients = [.. model.Parameters().Select(parameter => parameter.Grad).OfType<Tensor>()];
            MultiTensor.ClipByNorm(gradients, MultiTensor.Norm(gradients), 5);
            optimizer.Update();
            return loss.Detach();
        }
    }

    private static Tensor Images(int count, int size, ulong stream, Device device)
    {
        var values = new float[count * size * size * 3];
        new Philox(3, stream).FillNormal(values, 0);
        return Tensor.From(values, [count, size, size, 3], device);
    }
}

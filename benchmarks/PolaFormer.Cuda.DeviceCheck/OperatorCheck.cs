using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Tests.Ops;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Every operator and its gradients on a device against the processor's, and the same bits a second time.</summary>
internal static class OperatorCheck
{
    private const double Tolerance = 1e-5;

    public static bool Run(Device device)
    {
        (int count, int bad, double worst, string worstName) = (0, 0, 0, "");
        foreach (GradientCases.Case item in GradientCases.All)
        {
            count++;
            try
            {
                float[] expected = Apply(item, Device.Cpu), first = Apply(item, device);
                double error = Errors.Relative(expected, first);
                if (error > worst)
                    (worst, worstName) = (error, item.Name);
                bool isRepeated = first.AsSpan().SequenceEqual(Apply(item, device));
                if (error <= Tolerance && isRepeated)
                    continue;
                Console.WriteLine($"BAD {item.Name}: {error:E1}{(isRepeated ? "" : ", other bits the second time")}");
            }
            catch (Exception exception) when (exception is CudaException or NotSupportedException or InvalidOperationException)
            {
                Console.WriteLine($"BAD {item.Name}: {exception.Message}");
            }

            bad++;
        }

        Console.WriteLine($"{(bad == 0 ? "ok " : "BAD")} {count - bad} of {count} applications of operators; largest error {worst:E1} ({worstName})");
        return bad == 0;
    }

    // Result and gradients, one behind another.
    private static float[] Apply(GradientCases.Case item, Device device)
    {
        using IDisposable use = device.Use();
        Tensor[] inputs = [.. item.Inputs.Select(input => Tensor.From(input.ToArray(), input.Shape, device))];
        foreach (Tensor input in inputs)
            input.RequiresGrad = true;
        using var tape = Tape.Start();
        Tensor y = item.Apply(inputs);
        tape.Backward(y, Tensor.From([.. Enumerable.Range(0, (int)y.Count).Select(i => MathF.Sin(1 + (2.3f * i)))], y.Shape, device));
        return [.. y.ToArray(), .. inputs.SelectMany(input => input.Grad!.ToArray())];
    }
}

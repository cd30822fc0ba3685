using System.Runtime.InteropServices;
using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Core;

public class AdamWKernelTests
{
    private const double LearningRate = 1e-2, WeightDecay = 0.05;

    [Fact]
    public void One_launch_updates_every_parameter()
    {
        int[] counts = [5, 1, 300, 7];
        var random = new Random(1);
        var step = new AdamWStep(0.9, 0.99, 1e-8, 3, 0.5f);
        HostFloats[] weights = New(-1, 1), gradients = New(-1, 1), means = New(-0.1, 0.1), squares = New(0, 0.1);
        var copy = new HostTensor(StorageType.BFloat16, 1, 1, counts[2]);
        var expected = counts.Select((count, i) => Expected(weights[i], gradients[i], means[i], squares[i], step, decay: i != 1)).ToArray();
        var table = new AdamWParameter[counts.Length];
        long first = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            table[i] = new AdamWParameter
            {
                Weight = weights[i].Address,
                Gradient = gradients[i].Address,
                Mean = means[i].Address,
                Square = squares[i].Address,
                Copy = i == 2 ? copy.Address : 0,
                First = first,
                Count = counts[i],
            };
            AdamWKernel.Set(ref table[i], LearningRate, i == 1 ? 0 : WeightDecay, step);
            first += counts[i];
        }

        GCHandle pinned = GCHandle.Alloc(table, GCHandleType.Pinned);
        AdamWKernel.Run(new FibreQueue(order: 0), pinned.AddrOfPinnedObject(), counts.Length, first, step);
        pinned.Free();

        for (int i = 0; i < counts.Length; i++)
        {
            Distance.AssertWithin(1e-6, expected[i], weights[i].ToDoubles(), $"parameter {i}");
            weights[i].AssertSurroundingsUntouched();
        }

        Distance.AssertWithin(4e-3, expected[2], copy.ToDoubles(), "copy");

        HostFloats[] New(double from, double to) => [.. counts.Select(count => HostFloats.Random(random, count, from, to))];
    }

    private static double[] Expected(HostFloats weight, HostFloats gradient, HostFloats mean, HostFloats square, AdamWStep step, bool decay)
    {
        double[] result = new double[weight.Span.Length];
        for (int i = 0; i < result.Length; i++)
        {
            double g = gradient.Span[i] * step.GradientScale, w = weight.Span[i] * (1 - (decay ? LearningRate * WeightDecay : 0));
            double m = step.Beta1 * mean.Span[i] + (1 - step.Beta1) * g, v = step.Beta2 * square.Span[i] + (1 - step.Beta2) * g * g;
            double corrected = Math.Sqrt(v) / Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step)) + step.Epsilon;
            result[i] = w - LearningRate / (1 - Math.Pow(step.Beta1, step.Step)) * m / corrected;
        }

        return result;
    }
}

using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class OptimizerTests
{
    [Fact]
    public void AdamW_follows_the_formula_at_every_length()
    {
        foreach (int length in KernelTesting.Lengths)
        {
            using var w = new KernelArray<float>(KernelTesting.Values(length, 1));
            using var m = new KernelArray<float>(length);
            using var v = new KernelArray<float>(length);
            m.Span.Clear();
            v.Span.Clear();
            double[] rightW = Array.ConvertAll(w.ToArray(), x => (double)x), rightM = new double[length], rightV = new double[length];
            for (int step = 1; step <= 4; step++)
            {
                using var g = new KernelArray<float>(KernelTesting.Values(length, 10 + step));
                var row = new ArrayRow(w.Pointer, g.Pointer, m.Pointer, v.Pointer, length) { LearningRate = 1e-2, WeightDecay = 0.05 };
                Optimizer.AdamW(new AdamWStep(0.9, 0.999, 1e-8, step, 0.5f), [row]);
                for (int i = 0; i < length; i++)
                {
                    double gradient = 0.5 * g[i];
                    rightW[i] *= 1 - (1e-2 * 0.05);
                    rightM[i] = (0.9 * rightM[i]) + (0.1 * gradient);
                    rightV[i] = (0.999 * rightV[i]) + (0.001 * gradient * gradient);
                    rightW[i] -= 1e-2 / (1 - Math.Pow(0.9, step)) * rightM[i] / (Math.Sqrt(rightV[i] / (1 - Math.Pow(0.999, step))) + 1e-8);
                }
            }

            KernelTesting.AssertClose(rightW, w.Span, 1e-6, 1e-6);
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.9, false)]
    [InlineData(0.9, true)]
    public void Sgd_follows_the_formula_at_every_length(double momentum, bool nesterov)
    {
        foreach (int length in KernelTesting.Lengths)
        {
            using var w = new KernelArray<float>(KernelTesting.Values(length, 1));
            using var u = new KernelArray<float>(length);
            u.Span.Clear();
            double[] rightW = Array.ConvertAll(w.ToArray(), x => (double)x), rightU = new double[length];
            for (int step = 0; step < 3; step++)
            {
                using var g = new KernelArray<float>(KernelTesting.Values(length, 10 + step));
                var row = new ArrayRow(w.Pointer, g.Pointer, momentum == 0 ? null : u.Pointer, null, length) { LearningRate = 0.1, WeightDecay = 0.05 };
                Optimizer.Sgd(new SgdStep(momentum, nesterov), [row]);
                for (int i = 0; i < length; i++)
                {
                    double gradient = g[i] + (0.05 * rightW[i]);
                    rightU[i] = (momentum * rightU[i]) + gradient;
                    rightW[i] -= 0.1 * (nesterov ? gradient + (momentum * rightU[i]) : rightU[i]);
                }
            }

            KernelTesting.AssertClose(rightW, w.Span, 2e-6, 2e-6);
        }
    }

    [Fact]
    public void A_gradient_of_zero_moves_nothing_without_decay()
    {
        float w = 1, g = 0, m = 0, v = 0;
        Optimizer.AdamW(new AdamWStep(0.9, 0.999, 1e-8, 1), [new ArrayRow(&w, &g, &m, &v, 1) { LearningRate = 1e-3 }]);
        Assert.Equal(1f, w);
    }

    [Fact]
    public void Many_parameters_at_once_have_the_bits_of_each_alone()
    {
        int[] lengths = [3, 100_000, 1, 0, 70_001, 17];
        var step = new AdamWStep(0.9, 0.999, 1e-8, 2);
        float[][] together = [.. lengths.Select(_ => Array.Empty<float>())], alone = [.. together];
        foreach (bool isTogether in new[] { true, false })
        {
            KernelArray<float>[] w = New(1), g = New(2), m = New(3), v = New(4);
            var rows = lengths.Select((length, i) => new ArrayRow(w[i].Pointer, g[i].Pointer, m[i].Pointer, v[i].Pointer, length) { LearningRate = 1e-2 * (i + 1), WeightDecay = 0.05 }).ToArray();
            if (isTogether)
                Optimizer.AdamW(step, rows);
            else
                Array.ForEach(rows, row => Optimizer.AdamW(step, [row]));
            for (int i = 0; i < lengths.Length; i++)
                (isTogether ? together : alone)[i] = [.. w[i].Span, .. m[i].Span, .. v[i].Span];
            foreach (KernelArray<float> array in w.Concat(g).Concat(m).Concat(v))
                array.Dispose();
        }

        Assert.Equal(alone, together);

        KernelArray<float>[] New(int seed) => [.. lengths.Select((length, i) => new KernelArray<float>(KernelTesting.Values(length, seed + (10 * i)).Select(Math.Abs).ToArray()))];
    }
}

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
                Optimizer.AdamW(new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.05, step, 0.5f), w.Pointer, g.Pointer, m.Pointer, v.Pointer, length);
                for (int i = 0; i < length; i++)
                {
                    double gradient = 0.5 * g[i];
                    rightW[i] *= 1 - 1e-2 * 0.05;
                    rightM[i] = 0.9 * rightM[i] + 0.1 * gradient;
                    rightV[i] = 0.999 * rightV[i] + 0.001 * gradient * gradient;
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
                Optimizer.Sgd(new SgdStep(0.1, momentum, nesterov, 0.05), w.Pointer, g.Pointer, momentum == 0 ? null : u.Pointer, length);
                for (int i = 0; i < length; i++)
                {
                    double gradient = g[i] + 0.05 * rightW[i];
                    rightU[i] = momentum * rightU[i] + gradient;
                    rightW[i] -= 0.1 * (nesterov ? gradient + momentum * rightU[i] : rightU[i]);
                }
            }

            KernelTesting.AssertClose(rightW, w.Span, 2e-6, 2e-6);
        }
    }

    [Fact]
    public void A_gradient_of_zero_moves_nothing_without_decay()
    {
        float w = 1, g = 0, m = 0, v = 0;
        Optimizer.AdamW(new AdamWStep(1e-3, 0.9, 0.999, 1e-8, 0, 1), &w, &g, &m, &v, 1);
        Assert.Equal(1f, w);
    }
}

using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public unsafe class CrossEntropyTests
{
    public static TheoryData<int, int> Extents => new() { { 0, 3 }, { 1, 1 }, { 5, 12 }, { 4, 16 }, { 3, 33 }, { 70, 1000 } };

    [Theory]
    [MemberData(nameof(Extents))]
    public void Losses_and_gradients_follow_the_formula(int rows, int classes)
    {
        using var x = new KernelArray<float>(KernelTesting.Values(rows * classes, 1, 5));
        using var targets = new KernelArray<float>(KernelTesting.Values(rows * classes, 2, 0.5f, 0.5f));
        using var labels = new KernelArray<long>([.. Enumerable.Range(0, rows).Select(i => i * 7L % classes)]);
        using var dLosses = new KernelArray<float>(KernelTesting.Values(rows, 3));
        using var losses = new KernelArray<float>(rows);
        using var dx = new KernelArray<float>(rows * classes);

        CrossEntropy.Soft(x.Pointer, targets.Pointer, rows, classes, losses.Pointer);
        CrossEntropy.SoftBackward(x.Pointer, targets.Pointer, dLosses.Pointer, rows, classes, dx.Pointer);
        Check((r, c) => targets[(r * classes) + c]);
        foreach (float smoothing in (float[])[0, 0.1f])
        {
            CrossEntropy.Label(x.Pointer, labels.Pointer, smoothing, rows, classes, losses.Pointer);
            CrossEntropy.LabelBackward(x.Pointer, labels.Pointer, smoothing, dLosses.Pointer, rows, classes, dx.Pointer);
            Check((r, c) => (c == labels[r] ? 1.0 - smoothing : 0) + ((double)smoothing / classes));
        }

        void Check(Func<int, int, double> target)
        {
            for (int r = 0; r < rows; r++)
            {
                double[] row = Array.ConvertAll(x.Span.Slice(r * classes, classes).ToArray(), v => (double)v);
                double logSum = Math.Log(row.Sum(Math.Exp));
                double[] t = [.. Enumerable.Range(0, classes).Select(c => target(r, c))];
                double loss = t.Zip(row, (p, v) => p * (logSum - v)).Sum();
                KernelTesting.AssertClose([loss], losses.Span.Slice(r, 1), 2e-6, 2e-6);
                double[] gradient = [.. row.Zip(t, (v, p) => dLosses[r] * ((Math.Exp(v - logSum) * t.Sum()) - p))];
                KernelTesting.AssertClose(gradient, dx.Span.Slice(r * classes, classes), 3e-6, 1e-6);
            }
        }
    }

    [Fact]
    public void A_label_that_is_no_class_is_refused()
    {
        using var x = new KernelArray<float>(KernelTesting.Values(10, 1));
        using var labels = new KernelArray<long>((long[])[1, 5]);
        using var losses = new KernelArray<float>(2);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropy.Label(x.Pointer, labels.Pointer, 0, 2, 5, losses.Pointer));
        Assert.Contains("Label 1 is 5, but there are 5 classes", error.Message);
    }

    [Fact]
    public void Large_logits_stay_finite()
    {
        float[] x = [1e4f, -1e4f, 0], dx = new float[3];
        long label = 1;
        float loss, one = 1;
        fixed (float* px = x, pdx = dx)
        {
            CrossEntropy.Label(px, &label, 0, 1, 3, &loss);
            CrossEntropy.LabelBackward(px, &label, 0, &one, 1, 3, pdx);
        }

        Assert.Equal(2e4f, loss);
        Assert.Equal([1f, -1f, 0f], dx);
    }
}

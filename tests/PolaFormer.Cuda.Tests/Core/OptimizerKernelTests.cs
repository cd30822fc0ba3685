using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Core;

/// <summary>That what is done to many tensors in one request is the processor's.</summary>
public class OptimizerKernelTests
{
    private static readonly int[] s_counts = [5, 1, 300, 7, .. Enumerable.Repeat(3, 70)];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void AdamW_is_the_processors(int order)
    {
        var step = new AdamWStep(0.9, 0.99, 1e-8, 3, 0.5f);

        AssertSame(order, 4, x => MultiTensor.AdamW([.. Enumerable.Range(0, s_counts.Length).Select(i => new AdamWEntry(x[0][i], x[1][i], x[2][i], x[3][i], 0.01, i == 1 ? 0 : 0.05))], step));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.9, false)]
    [InlineData(0.9, true)]
    public void Gradient_descent_is_the_processors(double momentum, bool nesterov)
    {
        var step = new SgdStep(momentum, nesterov, 2);

        AssertSame(1, 3, x => MultiTensor.Sgd([.. Enumerable.Range(0, s_counts.Length).Select(i => new SgdEntry(x[0][i], x[1][i], x[2][i], 0.1, 0.05))], step));
    }

    [Fact]
    public void Averages_norms_and_clipping_are_the_processors()
    {
        AssertSame(0, 2, x => MultiTensor.Lerp([.. x[0].Zip(x[1])], 0.7));
        AssertSame(1, 1, x => MultiTensor.ClipByValue(x[0], 0.5));
        AssertSame(0, 1, x => MultiTensor.ClipByNorm(x[0], MultiTensor.Norm(x[0]), 3));
        AssertSame(1, 1, x => MultiTensor.ClipByNorm(x[0], MultiTensor.Norm(x[0]), 1e6));
    }

    [Fact]
    public void Averages_of_counts_are_cut()
    {
        var device = FibreDevice.Create(order: 0);
        Tensor count = Tensor.From([1L], [1], device);

        MultiTensor.Lerp([(count, Tensor.From([8L], [1], device))], keep: 0.75);

        Assert.Equal(2, count.ToArray<long>()[0]);
    }

    private static void AssertSame(int order, int arrays, Action<Tensor[][]> update)
    {
        float[][] expected = Run(Device.Cpu), actual = Run(FibreDevice.Create((uint)order));
        for (int i = 0; i < expected.Length; i++)
            Distance.AssertWithin(1e-6, [.. expected[i].Select(value => (double)value)], [.. actual[i].Select(value => (double)value)], $"array {i}");

        float[][] Run(Device device)
        {
            var random = new Random(1);
            Tensor[][] tensors = [.. Enumerable.Range(0, arrays).Select(_ => s_counts.Select(count =>
                Tensor.From([.. Enumerable.Range(0, count).Select(_ => random.NextSingle() + 0.1f)], [count], device)).ToArray())];
            update(tensors);
            return [.. tensors.SelectMany(row => row).Select(tensor => tensor.ToArray())];
        }
    }
}

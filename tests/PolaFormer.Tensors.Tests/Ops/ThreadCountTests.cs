using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Tests.Kernels;
using PolaFormer.Tensors.Tests.Threading;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Ops;

/// <summary>Results and gradients of operators on long sequences have the same bits for any number of threads.</summary>
[Collection(nameof(WorkersCollection))]
[Trait(InstructionSetTests.Size, InstructionSetTests.Long)]
public sealed class ThreadCountTests : IDisposable
{
    private const int Dim = 64, Heads = 2;

    private readonly int _threadCount = Workers.ThreadCount;

    public static TheoryData<string> Names => ["elu", "focused", "polarity", "convolution", "feed-forward"];

    public void Dispose() => Workers.ThreadCount = _threadCount;

    [Theory]
    [MemberData(nameof(Names))]
    public void BitsDoNotDependOnThreads(string name)
    {
        float[][] one = Run(name, 1);
        foreach (int threads in (int[])[2, 5])
        {
            float[][] more = Run(name, threads);
            for (int i = 0; i < one.Length; i++)
                KernelTesting.AssertSameBits<float>(one[i], more[i]);
        }
    }

    private static float[][] Run(string name, int threads)
    {
        Workers.ThreadCount = threads;
        Tensor x = Signed([3, 1500, 4 * Dim], 1), mask = Tensor.From([.. Enumerable.Range(0, 4500).Select(i => i % 1500 < 1000 + (100 * (i / 1500)) ? 1f : 0)], [3, 1500]);
        x.RequiresGrad = true;
        Columns query = new(x, 0, Dim), key = new(x, Dim, Dim), value = new(x, 2 * Dim, Dim), gate = new(x, 3 * Dim, Dim);
        using (MemoryScope.Enter())
        using (var tape = Tape.Start())
        {
            Tensor y = name switch
            {
                "elu" => Tensor.EluAttention(query, key, value, Heads, 1e-6f, mask),
                "focused" => Tensor.FocusedAttention(query, key, value, null, Tensor.Full([Dim], 0.7f), 3, Heads, 1e-6f, mask),
                "polarity" => Tensor.PolarityAttention(query, key, value, null, Tensor.Full([Dim], 0.7f), Tensor.Full([Dim], 2), Heads, mask),
                "convolution" => Tensor.GatedDepthwiseConv1d(value, Signed([32, 1, 5], 2), null, Signed([3, 1500, Dim], 3), gate, mask),
                _ => x.FeedForward(Signed([128, 4 * Dim], 4), null, Activation.Gelu, Signed([Dim, 128], 5), null, dropout: (0.1f, new Philox(6, 7))),
            };
            float[] output = y.ToArray();
            tape.Backward(y, Signed(y.Shape, 8));
            return [output, x.Grad!.ToArray()];
        }
    }

    private static Tensor Signed(Shape shape, ulong stream)
    {
        Tensor x = Tensor.Empty(shape);
        new Philox(3, stream).FillNormal(x.AsSpan<float>(), 0);
        return x;
    }
}

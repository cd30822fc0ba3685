using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Tests.Threading;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels;

[Collection(nameof(WorkersCollection))]
public sealed unsafe class GemmTests : IDisposable
{
    private readonly int _threadCount = Workers.ThreadCount;
    private readonly List<NativeFloats> _memory = [];

    public void Dispose()
    {
        Workers.ThreadCount = _threadCount;
        _memory.ForEach(floats => floats.Dispose());
    }

    private NativeFloats Take(int count, System.Random random)
    {
        var floats = NativeFloats.Random(count, random);
        _memory.Add(floats);
        return floats;
    }

    /// <summary>The product in double precision, straight from the definition, against copies of its inputs.</summary>
    private static void AssertCorrect(in MatrixProduct p, NativeFloats c, Action run)
    {
        float[] before = c.Span.ToArray();
        double[] expected = before.Select(value => (double)value).ToArray();
        for (int outer = 0; outer < p.OuterBatch; outer++)
            for (int inner = 0; inner < p.InnerBatch; inner++)
                for (int i = 0; i < p.M; i++)
                    for (int j = 0; j < p.N; j++)
                    {
                        float* a = p.A + (outer * p.AOuter) + (inner * p.AInner) + (i * p.ARow);
                        float* b = p.B + (outer * p.BOuter) + (inner * p.BInner) + (j * p.BCol);
                        double sum = 0.0;
                        for (int l = 0; l < p.K; l++)
                            sum += (double)a[l * p.ACol] * b[l * p.BRow];
                        nint at = (outer * p.COuter) + (inner * p.CInner) + (i * p.CRow) + j;
                        ref double target = ref expected[at];
                        target = (p.Alpha * sum) + (p.Addend == null ? 0 : p.Addend == p.C ? before[at] : p.Addend[at]) + (p.Bias == null ? 0 : p.Bias[j]);
                        target = p.Activation switch
                        {
                            Activation.Relu => Math.Max(target, 0),
                            Activation.Gelu => target * NormalDistribution(target),
                            Activation.Silu => target / (1 + Math.Exp(-target)),
                            _ => target,
                        };
                    }
        run();
        double tolerance = 3e-6 * Math.Sqrt(p.K + 4);
        for (int i = 0; i < expected.Length; i++)
            if (!(Math.Abs(expected[i] - c.Span[i]) <= tolerance))
                Assert.Fail($"Element {i} is {c.Span[i]} instead of {expected[i]} for M={p.M} N={p.N} K={p.K}.");
    }

    /// <summary>Φ(x) by its series, to about 1e-10.</summary>
    private static double NormalDistribution(double x)
    {
        if (Math.Abs(x) > 6)
            return x > 0 ? 1 : 0;
        (double term, double sum) = (x, x);
        for (int n = 1; n < 400; n++)
            sum += term *= x * x / ((2 * n) + 1);
        return 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
    }

    private MatrixProduct Create(System.Random random, int m, int n, int k, int outer = 1, int inner = 1)
    {
        (bool transposeA, bool transposeB) = (random.Next(2) == 1, random.Next(2) == 1);
        int spread = random.Next(8) == 0 ? 2 : 1;   // elements that are not adjacent in either direction
        (int aLead, int bLead, int cLead) = (((transposeA ? m : k) * spread) + random.Next(3), ((transposeB ? k : n) * spread) + random.Next(3), n + random.Next(3));
        (int aSize, int bSize, int cSize) = (aLead * (transposeA ? k : m), bLead * (transposeB ? n : k), cLead * m);
        bool sharesB = random.Next(3) == 0;
        float* c = Take(cSize * outer * inner, random).Pointer;
        return new MatrixProduct
        {
            M = m,
            N = n,
            K = k,
            Alpha = random.Next(2) == 0 ? 1 : -0.5f,
            A = Take(aSize * outer * inner, random).Pointer,
            ARow = transposeA ? spread : aLead,
            ACol = transposeA ? aLead : spread,
            B = Take(bSize * outer * inner, random).Pointer,
            BRow = transposeB ? spread : bLead,
            BCol = transposeB ? bLead : spread,
            C = c,
            Addend = random.Next(3) switch { 0 => null, 1 => c, _ => Take(cSize * outer * inner, random).Pointer },
            CRow = cLead,
            OuterBatch = outer,
            InnerBatch = inner,
            AOuter = aSize * inner,
            AInner = aSize,
            BOuter = sharesB ? 0 : bSize * inner,
            BInner = sharesB ? 0 : bSize,
            COuter = cSize * inner,
            CInner = cSize,
            Bias = random.Next(2) == 0 ? null : Take(n, random).Pointer,
            Activation = (Activation)random.Next(4),
        };
    }

    private NativeFloats Target(in MatrixProduct p)
    {
        foreach (var floats in _memory)
            if (floats.Pointer == p.C)
                return floats;
        throw new InvalidOperationException();
    }

    [Fact]
    public void SmallProductsOfAnyShapeAndLayoutAreRight()
    {
        var random = new System.Random(1);
        for (int repeat = 0; repeat < 400; repeat++)
        {
            var p = Create(random, random.Next(1, 40), random.Next(1, 80), random.Next(1, 50), random.Next(1, 4), random.Next(1, 3));
            AssertCorrect(p, Target(p), () => Gemm.Run(p));
        }
    }

    [Theory]
    [InlineData(49, 512, 300)]
    [InlineData(200, 65, 257)]
    [InlineData(313, 130, 64)]
    [InlineData(64, 64, 3000)]
    [InlineData(150, 1, 700)]
    [InlineData(1, 1000, 600)]
    [InlineData(145, 33, 513)]
    [InlineData(30, 96, 1024)]
    public void LargerProductsAreRight(int m, int n, int k)
    {
        var random = new System.Random(m);
        for (int repeat = 0; repeat < 4; repeat++)
        {
            var p = Create(random, m, n, k);
            AssertCorrect(p, Target(p), () => Gemm.Run(p));
        }
    }

    [Fact]
    public void ManyProductsOfABatchAreRight()
    {
        var random = new System.Random(2);
        var p = Create(random, 49, 49, 32, outer: 6, inner: 8);
        AssertCorrect(p, Target(p), () => Gemm.Run(p));
    }

    [Fact]
    public void ABatchOfRowsThatFollowOneAnotherIsRight()
    {
        var random = new System.Random(3);
        (NativeFloats a, NativeFloats b, NativeFloats c) = (Take(5 * 7 * 20, random), Take(20 * 9, random), Take(5 * 7 * 9, random));
        var p = new MatrixProduct(7, 9, 20, a.Pointer, b.Pointer, c.Pointer) { OuterBatch = 5, AOuter = 7 * 20, COuter = 7 * 9 };
        AssertCorrect(p, c, () => Gemm.Run(p));
    }

    [Fact]
    public void APackedMatrixGivesTheSameBitsAsTheUnpacked()
    {
        var random = new System.Random(4);
        foreach (var (m, n, k) in new[] { (3, 5, 7), (49, 130, 300), (200, 64, 64), (1, 33, 1), (500, 97, 301) })
        {
            var p = Create(random, m, n, k) with { Addend = null };
            var c = Target(p);
            Gemm.Run(p);
            float[] expected = c.Span.ToArray();
            c.Span.Clear();
            var packed = Take((int)Gemm.PackedBLength(k, n), random);
            Gemm.PackB(p.B, p.BRow, p.BCol, k, n, packed.Pointer);
            var q = p with { PackedB = packed.Pointer, B = null };
            Gemm.Run(q);
            for (int i = 0; i < m; i++)
                Assert.True(c.Span.Slice(i * (int)p.CRow, n).SequenceEqual(expected.AsSpan(i * (int)p.CRow, n)));
        }
    }

    [Fact]
    public void AnyNumberOfThreadsGivesTheSameBits()
    {
        var random = new System.Random(5);
        foreach (var (m, n, k, batch) in new[] { (49, 512, 512, 1), (784, 128, 300, 1), (64, 64, 5000, 1), (60, 50, 32, 40), (300, 200, 100, 3) })
        {
            var p = Create(random, m, n, k, batch);
            var c = Target(p);
            float[] before = c.Span.ToArray();
            Gemm.RunSerial(p);
            float[] expected = c.Span.ToArray();
            foreach (int threads in new[] { 1, 2, 3 })
            {
                before.CopyTo(c.Span);
                Workers.ThreadCount = threads;
                Gemm.Run(p);
                Assert.True(c.Span.SequenceEqual(expected), $"{m}×{n}×{k} differs with {threads} threads.");
            }
        }
    }

    [Fact]
    public void WithoutDepthOnlyWhatIsAddedRemains()
    {
        var random = new System.Random(6);
        (PolaFormer.Tensors.Tests.Kernels.NativeFloats c, PolaFormer.Tensors.Tests.Kernels.NativeFloats bias) = (Take(6, random), Take(3, random));
        c.Span.Fill(2);
        var p = new MatrixProduct(2, 3, 0, null, null, c.Pointer) { Addend = c.Pointer, Bias = bias.Pointer };
        Gemm.Run(p);
        for (int i = 0; i < 6; i++)
            Assert.Equal(2 + bias.Span[i % 3], c.Span[i]);
    }

    [Fact]
    public void WithoutRowsOrColumnsNothingIsTouched()
    {
        Gemm.Run(new MatrixProduct(0, 4, 4, null, null, null));
        Gemm.Run(new MatrixProduct(4, 0, 4, null, null, null));
        Gemm.RunSerial(new MatrixProduct(4, 4, 4, null, null, null) { OuterBatch = 0 });
    }

    [Theory]
    [InlineData(5, 7, 3)]
    [InlineData(130, 70, 600)]
    public void WithoutAddendTheTargetIsNotRead(int m, int n, int k)
    {
        var random = new System.Random(7);
        var p = Create(random, m, n, k) with { Addend = null };
        var c = Target(p);
        c.Span.Fill(float.NaN);
        Gemm.Run(p);
        for (int i = 0; i < m; i++)
            Assert.False(c.Span.Slice(i * (int)p.CRow, n).Contains(float.NaN));
    }

    [Fact]
    public void NonFiniteInputsReachTheResult()
    {
        var random = new System.Random(8);
        var p = Create(random, 20, 40, 30) with { Bias = null, Activation = Activation.None };
        var c = Target(p);
        p.A[(3 * p.ARow) + (5 * p.ACol)] = float.NaN;
        Gemm.Run(p);
        for (int j = 0; j < 40; j++)
        {
            Assert.True(float.IsNaN(c.Span[(3 * (int)p.CRow) + j]));
            Assert.True(float.IsFinite(c.Span[(4 * (int)p.CRow) + j]));
        }
    }

    [Fact]
    public void ASteadyStateTakesNothingFromTheCollector()
    {
        var random = new System.Random(9);
        var p = Create(random, 200, 200, 200);
        Workers.ThreadCount = 2;
        Gemm.Run(p);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int repeat = 0; repeat < 5; repeat++)
            Gemm.Run(p);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void CorrelationsOfAnyShapeAreRightAndTheSameForAnyNumberOfThreads()
    {
        var random = new System.Random(8);
        foreach (var (m, n, rows) in ((int, int, int)[])[(1, 1, 1), (3, 5, 7), (13, 33, 255), (14, 32, 256), (57, 48, 300), (15, 16, 600), (300, 70, 513), (40, 520, 2000), (64, 64, 5000), (9, 4, 0)])
        {
            (int aRow, int bRow, bool accumulate) = (m + random.Next(3), n + random.Next(3), random.Next(2) == 1);
            (PolaFormer.Tensors.Tests.Kernels.NativeFloats a, PolaFormer.Tensors.Tests.Kernels.NativeFloats b, PolaFormer.Tensors.Tests.Kernels.NativeFloats c, PolaFormer.Tensors.Tests.Kernels.NativeFloats sums) = (Take((aRow * rows) + m, random), Take((bRow * rows) + n, random), Take(m * n, random), Take(m, random));
            (float[] cBefore, float[] sumsBefore) = (c.Span.ToArray(), sums.Span.ToArray());
            float[]? first = null;
            for (int threads = 1; threads <= 3; threads++)
            {
                Workers.ThreadCount = threads;
                cBefore.CopyTo(c.Span);
                sumsBefore.CopyTo(sums.Span);
                Gemm.Correlate(a.Pointer, aRow, m, b.Pointer, bRow, n, rows, c.Pointer, sums.Pointer, accumulate);
                float[] all = [.. c.Span, .. sums.Span];
                Assert.Equal(first ??= all, all);
            }
            double tolerance = 3e-6 * Math.Sqrt(rows + 4);
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j <= n; j++)
                {
                    double sum = !accumulate ? 0 : j < n ? cBefore[(i * n) + j] : sumsBefore[i];
                    for (int row = 0; row < rows; row++)
                        sum += (double)a.Pointer[(row * aRow) + i] * (j < n ? b.Pointer[(row * bRow) + j] : 1);
                    Assert.Equal(sum, j < n ? c.Span[(i * n) + j] : sums.Span[i], tolerance);
                }
            }
        }
    }
}

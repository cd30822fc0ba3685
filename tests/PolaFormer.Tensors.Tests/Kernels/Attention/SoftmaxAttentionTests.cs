using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels.Attention;

public unsafe class SoftmaxAttentionTests
{
    public static TheoryData<int, int, int, int, int, bool, int> Shapes => new()
    {
        // batch, heads, d, N, n, bias, mask groups
        { 8, 3, 32, 49, 49, true, 4 },
        { 2, 2, 64, 60, 196, false, 0 },
        { 3, 2, 16, 16, 16, true, 0 },
        { 2, 1, 8, 7, 5, false, 2 },
        { 1, 2, 24, 33, 1, true, 1 },
        { 1, 1, 48, 50, 17, false, 0 },
        { 1, 1, 6, 9, 4, true, 1 },
        { 40, 2, 4, 3, 3, true, 5 },
        { 1, 2, 32, 400, 70, false, 0 },   // several chunks of queries
        { 1, 1, 16, 300, 20, true, 0 },
        { 1, 2, 32, 30, 1024, false, 0 },  // rows of scores that would evict one another
        { 1, 1, 12, 20, 1100, true, 1 },   // keys in several steps
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void MatchesTheComposedReference(int batch, int heads, int headDim, int queries, int keys, bool bias, int groups)
    {
        var setup = new Setup(batch, heads, headDim, queries, keys, bias, groups);
        var reference = setup.Reference();
        double[] expected = reference.Forward();
        reference.Backward(setup.DOutput.ToDoubles());

        setup.Run();

        Close.AssertClose(expected, setup.Output.ToDoubles(), 5e-6, "out");
        Close.AssertClose(reference.DQ, setup.DQ.ToDoubles(), 1e-5, "dq");
        Close.AssertClose(reference.DK, setup.DK.ToDoubles(), 1e-5, "dk");
        Close.AssertClose(reference.DV, setup.DV.ToDoubles(), 1e-5, "dv");
        if (bias)
            Close.AssertClose(reference.DBias, setup.DBias!.ToDoubles(), 1e-5, "dbias");
        foreach (var rows in (SlicedRows[])[setup.Output, setup.DQ, setup.DK, setup.DV])
            rows.AssertSurroundingsUntouched();
    }

    [Fact]
    public void TheReferenceGradientsAgreeWithCentralDifferences()
    {
        var reference = new Setup(2, 2, 4, 3, 5, true, 2).Reference();
        var random = new System.Random(3);
        double[] cotangent = Enumerable.Range(0, reference.Q.Length).Select(_ => random.NextDouble() - 0.5).ToArray();
        reference.Backward(cotangent);
        double Loss() => reference.Forward().Zip(cotangent, (y, g) => y * g).Sum();

        foreach (var (values, gradient) in new[]
        {
            (reference.Q, reference.DQ), (reference.K, reference.DK), (reference.V, reference.DV), (reference.Bias, reference.DBias),
        })
        {
            for (int i = 0; i < values.Length; i++)
            {
                const double step = 1e-6;
                double value = values[i];
                values[i] = value + step;
                double above = Loss();
                values[i] = value - step;
                double below = Loss();
                values[i] = value;
                Assert.Equal((above - below) / (2 * step), gradient[i], 1e-7);
            }
        }
    }

    [Fact]
    public void LargeScoresDoNotOverflow()
    {
        var setup = new Setup(1, 1, 16, 5, 5, false, 0);
        for (int t = 0; t < 5; t++)
            for (int c = 0; c < 16; c++)
                setup.Q[0, t, c] *= 1000;
        double[] expected = setup.Reference().Forward();

        setup.Run();

        Close.AssertClose(expected, setup.Output.ToDoubles(), 1e-4, "out");
    }

    [Theory]
    [InlineData(1, 2, 16, 500, 60, true)]
    [InlineData(1, 2, 16, 500, 60, false)]
    [InlineData(64, 3, 32, 49, 49, true)]
    [Trait(InstructionSetTests.Size, InstructionSetTests.Long)]
    public void IsBitIdenticalForAnyNumberOfThreads(int batch, int heads, int headDim, int queries, int keys, bool bias)
    {
        int before = Workers.ThreadCount;
        try
        {
            double[]? first = null;
            foreach (int threads in (int[])[1, 2, 3])
            {
                Workers.ThreadCount = threads;
                var setup = new Setup(batch, heads, headDim, queries, keys, bias, 0);
                setup.Run();
                double[] all =
                [
                    .. setup.Output.ToDoubles(), .. setup.DQ.ToDoubles(), .. setup.DK.ToDoubles(), .. setup.DV.ToDoubles(),
                    .. setup.DBias?.ToDoubles() ?? [],
                ];
                first ??= all;
                KernelTesting.AssertSameBits<double>(first, all);
            }
        }
        finally
        {
            Workers.ThreadCount = before;
        }
    }

    private sealed class Setup
    {
        private const float Scale = 0.6f;
        private readonly int _batch, _heads, _headDim, _queries, _keys, _groups;
        private readonly Floats? _bias, _mask;

        public Setup(int batch, int heads, int headDim, int queries, int keys, bool bias, int groups)
        {
            (_batch, _heads, _headDim, _queries, _keys, _groups) = (batch, heads, headDim, queries, keys, groups);
            var random = new System.Random((headDim * 1000) + queries);
            int channels = heads * headDim;
            Q = SlicedRows.Random(random, batch, queries, channels);
            K = SlicedRows.Random(random, batch, keys, channels);
            V = SlicedRows.Random(random, batch, keys, channels);
            DOutput = SlicedRows.Random(random, batch, queries, channels);
            Output = new SlicedRows(batch, queries, channels);
            (DQ, DK, DV) = (new SlicedRows(batch, queries, channels), new SlicedRows(batch, keys, channels), new SlicedRows(batch, keys, channels));
            if (bias)
            {
                _bias = Floats.Random(random, heads * queries * keys, -1, 1);
                DBias = new Floats(heads * queries * keys);
            }
            if (groups > 0)
                _mask = new Floats(Enumerable.Range(0, groups * queries * keys).Select(_ => random.NextDouble() < 0.3 ? -100.0 : 0));
        }

        public SlicedRows Q { get; }
        public SlicedRows K { get; }
        public SlicedRows V { get; }
        public SlicedRows DOutput { get; }
        public SlicedRows Output { get; }
        public SlicedRows DQ { get; }
        public SlicedRows DK { get; }
        public SlicedRows DV { get; }
        public Floats? DBias { get; }

        public SoftmaxReference Reference() => new(_batch, _heads, _headDim, _queries, _keys)
        {
            Q = Q.ToDoubles(),
            K = K.ToDoubles(),
            V = V.ToDoubles(),
            Scale = Scale,
            Bias = _bias?.ToDoubles() ?? [],
            Mask = _mask?.ToDoubles() ?? [],
        };

        public void Run()
        {
            var state = new Floats(SoftmaxAttention.StateLength(_batch, _heads, _queries));
            var workspace = new Floats(SoftmaxAttention.WorkspaceLength(_batch, _heads, _headDim, _queries, _keys, DBias is not null));
            var inputs = new SoftmaxAttentionInputs
            {
                Rows = new AttentionRows { Batch = _batch, Heads = _heads, HeadDim = _headDim, Queries = _queries, Keys = _keys, Q = Q.View, K = K.View, V = V.View },
                Scale = Scale,
                Bias = _bias is null ? null : _bias.Pointer,
                Mask = _mask is null ? null : _mask.Pointer,
                MaskGroups = _groups,
                MaskRows = _queries,
                State = state.Pointer,
            };
            SoftmaxAttention.Forward(inputs, Output.View);
            SoftmaxAttention.Backward(inputs, new SoftmaxAttentionGradients
            {
                DOutput = DOutput.View,
                DQ = DQ.View,
                DK = DK.View,
                DV = DV.View,
                DBias = DBias is null ? null : DBias.Pointer,
                Workspace = workspace.Pointer,
            });
        }
    }
}

using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels.Attention;

public unsafe class PolarityAttentionTests
{
    public static TheoryData<int, int, int, int, int, bool> Shapes => new()
    {
        // batch, heads, d, N, n, position
        { 2, 2, 8, 49, 49, true },
        { 1, 3, 16, 60, 15, false },
        { 2, 1, 32, 100, 37, true },
        { 1, 2, 64, 113, 113, true },
        { 1, 1, 24, 31, 5, false },
        { 1, 2, 48, 50, 50, true },
        { 1, 1, 6, 9, 4, true },
        { 2, 1, 10, 1, 3, false },
        { 1, 1, 2, 7, 7, true },
        { 1, 1, 32, 700, 600, true },   // several chunks of queries and keys
        { 17, 2, 16, 5, 3, false },

        // An odd head reads one value more through same-signed pairs.
        { 2, 2, 9, 30, 30, true },
        { 1, 3, 17, 13, 5, false },
        { 1, 1, 31, 600, 600, true },
        { 2, 3, 3, 9, 9, true },
        { 1, 2, 33, 90, 90, false },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void MatchesTheComposedReference(int batch, int heads, int headDim, int queries, int keys, bool position)
    {
        var setup = new Setup(batch, heads, headDim, queries, keys, position);
        var reference = setup.Reference();
        double[] expected = reference.Forward();
        reference.Backward(setup.DOutput.ToDoubles());

        setup.Run();

        Close.AssertClose(expected, setup.Output.ToDoubles(), 5e-6, "out");
        Close.AssertClose(reference.DQ, setup.DQ.ToDoubles(), 1e-5, "dq");
        Close.AssertClose(reference.DK, setup.DK.ToDoubles(), 1e-5, "dk");
        Close.AssertClose(reference.DV, setup.DV.ToDoubles(), 1e-5, "dv");
        Close.AssertClose(reference.DInverseScale, setup.DInverseScale.ToDoubles(), 1e-5, "dInverseScale");
        Close.AssertClose(reference.DPower, setup.DPower.ToDoubles(), 1e-5, "dPower");
        setup.AssertNothingElseWritten();
    }

    [Theory]
    [InlineData(6)]
    [InlineData(5)]
    public void TheReferenceGradientsAgreeWithCentralDifferences(int headDim)
    {
        var setup = new Setup(1, 2, headDim, 5, 4, true);
        var reference = setup.Reference();
        double[] cotangent = setup.DOutput.ToDoubles();
        reference.Backward(cotangent);
        double Loss() => reference.Forward().Zip(cotangent, (y, g) => y * g).Sum();

        foreach (var (values, gradient) in new[]
        {
            (reference.Q, reference.DQ), (reference.K, reference.DK), (reference.V, reference.DV),
            (reference.InverseScale, reference.DInverseScale), (reference.Power, reference.DPower),
        })
        {
            for (int i = 0; i < values.Length; i++)
            {
                double value = values[i];
                const double step = 1e-6;
                values[i] = value + step;
                double above = Loss();
                values[i] = value - step;
                double below = Loss();
                values[i] = value;
                Assert.Equal((above - below) / (2 * step), gradient[i], 1e-5 * Math.Max(1, Math.Abs(gradient[i])));
            }
        }
    }

    [Fact]
    public void ZeroQueriesGiveZeroAndFiniteGradients()
    {
        var setup = new Setup(1, 2, 16, 6, 5, false);
        for (int c = 0; c < 32; c++)
            setup.Q[0, 3, c] = 0;

        setup.Run();

        for (int c = 0; c < 32; c++)
        {
            Assert.Equal(0f, setup.Output[0, 3, c]);
            Assert.Equal(0f, setup.DQ[0, 3, c]);
        }
        Assert.All(setup.AllGradients(), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void AllZeroKeysAndQueriesGiveFiniteGradients()
    {
        var setup = new Setup(1, 1, 8, 4, 4, false);
        for (int t = 0; t < 4; t++)
            for (int c = 0; c < 8; c++)
                (setup.Q[0, t, c], setup.K[0, t, c]) = (0, 0);

        setup.Run();

        Assert.All(setup.Output.ToDoubles(), value => Assert.Equal(0, value));
        Assert.All(setup.AllGradients(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void ANaNIsNotSwallowed()
    {
        var setup = new Setup(1, 1, 16, 3, 3, false);
        setup.Q[0, 1, 5] = float.NaN;

        setup.Run();

        Assert.True(float.IsNaN(setup.Output[0, 1, 0]));
        Assert.False(float.IsNaN(setup.Output[0, 0, 0]));
    }

    [Theory]
    [InlineData(1, 2, 32, 900, 900)]
    [InlineData(9, 4, 16, 49, 49)]
    [Trait(InstructionSetTests.Size, InstructionSetTests.Long)]
    public void IsBitIdenticalForAnyNumberOfThreads(int batch, int heads, int headDim, int queries, int keys)
    {
        int before = Workers.ThreadCount;
        try
        {
            double[]? first = null;
            foreach (int threads in (int[])[1, 2, 3])
            {
                Workers.ThreadCount = threads;
                var setup = new Setup(batch, heads, headDim, queries, keys, true);
                setup.Run();
                double[] all = [.. setup.Output.ToDoubles(), .. setup.AllGradients()];
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
        private readonly int _batch, _heads, _headDim, _queries, _keys;
        private readonly Floats _inverseScale, _power;
        private readonly Floats? _position;

        public Setup(int batch, int heads, int headDim, int queries, int keys, bool position)
        {
            (_batch, _heads, _headDim, _queries, _keys) = (batch, heads, headDim, queries, keys);
            var random = new System.Random((headDim * 1000) + queries);
            int channels = heads * headDim;
            Q = SlicedRows.Random(random, batch, queries, channels);
            K = SlicedRows.Random(random, batch, keys, channels);
            V = SlicedRows.Random(random, batch, keys, channels);
            DOutput = SlicedRows.Random(random, batch, queries, channels);
            Output = new SlicedRows(batch, queries, channels);
            (DQ, DK, DV) = (new SlicedRows(batch, queries, channels), new SlicedRows(batch, keys, channels), new SlicedRows(batch, keys, channels));
            _position = position ? Floats.Random(random, keys * channels, -0.2, 0.2) : null;
            _inverseScale = Floats.Random(random, channels, 0.5, 2);
            _power = Floats.Random(random, channels, 1, 5);
            (DInverseScale, DPower) = (new Floats(channels), new Floats(channels));
        }

        public SlicedRows Q { get; }
        public SlicedRows K { get; }
        public SlicedRows V { get; }
        public SlicedRows DOutput { get; }
        public SlicedRows Output { get; }
        public SlicedRows DQ { get; }
        public SlicedRows DK { get; }
        public SlicedRows DV { get; }
        public Floats DInverseScale { get; }
        public Floats DPower { get; }

        public double[] AllGradients() =>
        [
            .. DQ.ToDoubles(), .. DK.ToDoubles(), .. DV.ToDoubles(), .. DInverseScale.ToDoubles(), .. DPower.ToDoubles(),
        ];

        public PolarityReference Reference() => new(_batch, _heads, _headDim, _queries, _keys)
        {
            Q = Q.ToDoubles(),
            K = K.ToDoubles(),
            V = V.ToDoubles(),
            Position = _position?.ToDoubles() ?? [],
            InverseScale = _inverseScale.ToDoubles(),
            Power = _power.ToDoubles(),
        };

        public void Run()
        {
            var state = new Floats(PolarityAttention.StateLength(_batch, _heads, _headDim, _keys));
            var workspace = new Floats(PolarityAttention.WorkspaceLength(_batch, _heads, _headDim, _queries, _keys));
            var inputs = new PolarityAttentionInputs
            {
                Rows = new AttentionRows { Batch = _batch, Heads = _heads, HeadDim = _headDim, Queries = _queries, Keys = _keys, Q = Q.View, K = K.View, V = V.View },
                KeyPosition = _position is null ? null : _position.Pointer,
                InverseScale = _inverseScale.Pointer,
                Power = _power.Pointer,
                State = state.Pointer,
            };
            var gradients = new PolarityAttentionGradients
            {
                DOutput = DOutput.View,
                DQ = DQ.View,
                DK = DK.View,
                DV = DV.View,
                DInverseScale = DInverseScale.Pointer,
                DPower = DPower.Pointer,
                Workspace = workspace.Pointer,
            };
            PolarityAttention.Forward(inputs, Output.View);
            PolarityAttention.Backward(inputs, gradients);
        }

        public void AssertNothingElseWritten()
        {
            foreach (var rows in (SlicedRows[])[Output, DQ, DK, DV])
                rows.AssertSurroundingsUntouched();
        }
    }
}

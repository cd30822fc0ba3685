using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Tests.Kernels.Attention;

public unsafe class PolarityAttentionPlusPlusTests
{
    [Theory]
    [InlineData(2, 2, 16, 49)]
    [InlineData(1, 3, 32, 60)]
    [InlineData(1, 1, 64, 113)]
    [InlineData(2, 2, 8, 7)]
    [InlineData(1, 2, 24, 5)]
    [InlineData(1, 2, 48, 30)]
    [InlineData(1, 1, 20, 9)]
    [InlineData(1, 2, 6, 4)]
    [InlineData(17, 2, 16, 3)]
    [InlineData(1, 1, 32, 700)]   // several chunks
    public void MatchesTheComposedReference(int batch, int heads, int headDim, int tokens)
    {
        var setup = new Setup(batch, heads, headDim, tokens);
        var reference = setup.Reference();
        double[] expected = reference.Forward();
        reference.Backward(setup.DOutput.ToDoubles());

        setup.Run();

        Close.AssertClose(expected, setup.Output.ToDoubles(), 5e-6, "out");
        Close.AssertClose(reference.DQ, setup.DQ.ToDoubles(), 1e-5, "dq");
        Close.AssertClose(reference.DK, setup.DK.ToDoubles(), 1e-5, "dk");
        Close.AssertClose(reference.DV, setup.DV.ToDoubles(), 1e-5, "dv");
        Close.AssertClose(reference.DSame, setup.DSame.ToDoubles(), 1e-5, "dSame");
        Close.AssertClose(reference.DOpposite, setup.DOpposite.ToDoubles(), 1e-5, "dOpposite");
        foreach (var rows in (SlicedRows[])[setup.Output, setup.DQ, setup.DK, setup.DV])
            rows.AssertSurroundingsUntouched();
    }

    [Theory]
    [InlineData(2, 9, 30)]
    [InlineData(3, 3, 7)]
    public void OddHeadsMatchTheReference(int heads, int headDim, int tokens)
    {
        var setup = new Setup(2, heads, headDim, tokens);

        Close.AssertClose(setup.Reference().Forward(), setup.Composed(), 5e-6, "out");
    }

    [Fact]
    public void TheReferenceGradientsAgreeWithCentralDifferences()
    {
        var setup = new Setup(1, 2, 6, 5);
        var reference = setup.Reference();
        double[] cotangent = setup.DOutput.ToDoubles();
        // Away from 0, where relu has a kink.
        foreach (double[]? x in new[] { reference.Q, reference.K })
            for (int i = 0; i < x.Length; i++)
                if (Math.Abs(x[i]) < 1e-3)
                    x[i] = 0.1;
        reference.Backward(cotangent);
        double Loss() => reference.Forward().Zip(cotangent, (y, g) => y * g).Sum();

        foreach (var (values, gradient) in new[]
        {
            (reference.Q, reference.DQ), (reference.K, reference.DK), (reference.V, reference.DV),
            (reference.Same, reference.DSame), (reference.Opposite, reference.DOpposite),
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
                Assert.Equal((above - below) / (2 * step), gradient[i], 1e-6 * Math.Max(1, Math.Abs(gradient[i])));
            }
        }
    }

    [Fact]
    public void ZeroQueriesGiveZeroAndZeroGradients()
    {
        var setup = new Setup(1, 2, 16, 6);
        for (int c = 0; c < 32; c++)
            setup.Q[0, 3, c] = 0;

        setup.Run();

        for (int c = 0; c < 32; c++)
        {
            Assert.Equal(0f, setup.Output[0, 3, c]);
            Assert.Equal(0f, setup.DQ[0, 3, c]);
        }
        Assert.All(setup.All(), value => Assert.True(double.IsFinite(value)));
    }

    [Theory]
    [InlineData(1, 2, 32, 900)]
    [InlineData(9, 4, 16, 49)]
    [Trait(InstructionSetTests.Size, InstructionSetTests.Long)]
    public void IsBitIdenticalForAnyNumberOfThreads(int batch, int heads, int headDim, int tokens)
    {
        int before = Workers.ThreadCount;
        try
        {
            double[]? first = null;
            foreach (int threads in (int[])[1, 2, 3])
            {
                Workers.ThreadCount = threads;
                var setup = new Setup(batch, heads, headDim, tokens);
                setup.Run();
                first ??= setup.All();
                KernelTesting.AssertSameBits<double>(first, setup.All());
            }
        }
        finally
        {
            Workers.ThreadCount = before;
        }
    }

    private sealed class Setup
    {
        private readonly int _batch, _heads, _headDim, _tokens;
        private readonly Floats _same, _opposite, _sin, _cos;

        public Setup(int batch, int heads, int headDim, int tokens)
        {
            (_batch, _heads, _headDim, _tokens) = (batch, heads, headDim, tokens);
            var random = new System.Random((headDim * 1000) + tokens);
            int channels = heads * headDim;
            Q = SlicedRows.Random(random, batch, tokens, channels);
            K = SlicedRows.Random(random, batch, tokens, channels);
            V = SlicedRows.Random(random, batch, tokens, channels);
            DOutput = SlicedRows.Random(random, batch, tokens, channels);
            (Output, DQ, DK, DV) = (New(), New(), New(), New());
            _same = Floats.Random(random, 2 * channels, 0.1, 0.9);
            _opposite = Floats.Random(random, 2 * channels, 0.1, 0.9);
            // Every channel its own angle, though the models give a pair the same one.
            double[] angles = Enumerable.Range(0, tokens * 2 * headDim).Select(_ => random.NextDouble()).ToArray();
            (_sin, _cos) = (new Floats(angles.Select(Math.Sin)), new Floats(angles.Select(Math.Cos)));
            (DSame, DOpposite) = (new Floats(2 * channels), new Floats(2 * channels));

            SlicedRows New() => new(batch, tokens, channels);
        }

        public SlicedRows Q { get; }
        public SlicedRows K { get; }
        public SlicedRows V { get; }
        public SlicedRows DOutput { get; }
        public SlicedRows Output { get; }
        public SlicedRows DQ { get; }
        public SlicedRows DK { get; }
        public SlicedRows DV { get; }
        public Floats DSame { get; }
        public Floats DOpposite { get; }

        public double[] All() =>
        [
            .. Output.ToDoubles(), .. DQ.ToDoubles(), .. DK.ToDoubles(), .. DV.ToDoubles(), .. DSame.ToDoubles(), .. DOpposite.ToDoubles(),
        ];

        public PolarityPlusPlusReference Reference() => new(_batch, _heads, _headDim, _tokens)
        {
            Q = Q.ToDoubles(),
            K = K.ToDoubles(),
            V = V.ToDoubles(),
            Same = _same.ToDoubles(),
            Opposite = _opposite.ToDoubles(),
            Sin = _sin.ToDoubles(),
            Cos = _cos.ToDoubles(),
        };

        public double[] Composed()
        {
            Tensor Of(double[] values, params int[] shape) => Tensor.From([.. values.Select(value => (float)value)], new Shape(shape));
            int channels = _heads * _headDim;
            Tensor Rows(SlicedRows rows) => Of(rows.ToDoubles(), _batch, _tokens, channels);
            Tensor y = Tensor.PolarityAttentionPlusPlus(
                Rows(Q), Rows(K), Rows(V), Of(_same.ToDoubles(), 2 * channels), Of(_opposite.ToDoubles(), 2 * channels),
                Of(_sin.ToDoubles(), _tokens, 2 * _headDim), Of(_cos.ToDoubles(), _tokens, 2 * _headDim), _heads);
            return [.. y.ToArray().Select(value => (double)value)];
        }

        public void Run()
        {
            var state = new Floats(PolarityAttentionPlusPlus.StateLength(_batch, _heads, _headDim, _tokens));
            var workspace = new Floats(PolarityAttentionPlusPlus.WorkspaceLength(_batch, _heads, _headDim, _tokens));
            var inputs = new PolarityAttentionPlusPlusInputs
            {
                Rows = new AttentionRows { Batch = _batch, Heads = _heads, HeadDim = _headDim, Queries = _tokens, Keys = _tokens, Q = Q.View, K = K.View, V = V.View },
                Same = _same.Pointer,
                Opposite = _opposite.Pointer,
                Sin = _sin.Pointer,
                Cos = _cos.Pointer,
                State = state.Pointer,
            };
            PolarityAttentionPlusPlus.Forward(inputs, Output.View);
            PolarityAttentionPlusPlus.Backward(inputs, new PolarityAttentionPlusPlusGradients
            {
                DOutput = DOutput.View,
                DQ = DQ.View,
                DK = DK.View,
                DV = DV.View,
                DSame = DSame.Pointer,
                DOpposite = DOpposite.Pointer,
                Workspace = workspace.Pointer,
            });
        }
    }
}

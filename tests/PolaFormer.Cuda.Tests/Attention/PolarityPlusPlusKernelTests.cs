using PolaFormer.Cuda.Attention;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors.Tests.Kernels.Attention;

namespace PolaFormer.Cuda.Tests.Attention;

public class PolarityPlusPlusKernelTests
{
    [Theory]
    [InlineData("Float", 2, 2, 16, 49, 0)]
    [InlineData("Float", 1, 2, 32, 60, 4)]
    [InlineData("Float", 1, 1, 64, 80, 0)]
    [InlineData("Float", 1, 2, 24, 35, 1)]
    [InlineData("Float", 1, 1, 6, 9, 0)]
    [InlineData("Float", 1, 1, 16, 300, 0)]   // several chunks
    [InlineData("BFloat16", 1, 2, 16, 40, 8)]
    [InlineData("BFloat16", 1, 2, 32, 70, 0)]
    [InlineData("BFloat16", 1, 1, 64, 130, 0)]
    [InlineData("BFloat16", 1, 1, 48, 40, 0)]
    public void Matches_the_composed_reference(string storage, int batch, int heads, int headDim, int tokens, int margin)
    {
        var setup = new Setup(Enum.Parse<StorageType>(storage), batch, heads, headDim, tokens, margin);
        PolarityPlusPlusReference reference = setup.Reference();
        double[] expected = reference.Forward();
        reference.Backward(setup.DOut.ToDoubles());

        setup.Run(order: 0);

        double tolerance = storage == "Float" ? 4e-6 : 1.2e-2;
        Distance.AssertWithin(tolerance, expected, setup.Out.ToDoubles(), "out");
        Distance.AssertWithin(tolerance, reference.DQ, setup.DQ.ToDoubles(), "dq");
        Distance.AssertWithin(tolerance, reference.DK, setup.DK.ToDoubles(), "dk");
        Distance.AssertWithin(tolerance, reference.DV, setup.DV.ToDoubles(), "dv");
        Distance.AssertWithin(tolerance, reference.DSame, setup.DSame.ToDoubles(), "∂t");
        Distance.AssertWithin(tolerance, reference.DOpposite, setup.DOpposite.ToDoubles(), "∂t'");
        setup.AssertNothingElseWritten();
    }

    [Fact]
    public void Fibres_in_other_orders_give_the_same_bits()
    {
        double[]? first = null;
        foreach (uint order in (uint[])[0, 1, 7])
        {
            var setup = new Setup(StorageType.BFloat16, 1, 2, 32, 150, 0);
            setup.Run(order);
            first ??= setup.All();
            Assert.Equal(first, setup.All());
        }
    }

    [Fact]
    public void Zero_queries_give_zero_and_zero_gradients()
    {
        var setup = new Setup(StorageType.BFloat16, 1, 2, 16, 20, 0);
        for (int c = 0; c < 32; c++)
            setup.Q[0, 3, c] = 0;

        setup.Run(order: 0);

        for (int c = 0; c < 32; c++)
            Assert.Equal((0f, 0f), (setup.Out[0, 3, c], setup.DQ[0, 3, c]));
        Assert.All(setup.All(), value => Assert.True(double.IsFinite(value)));
    }

    private sealed class Setup
    {
        private readonly StorageType _type;
        private readonly int _batch, _heads, _headDim, _tokens;
        private readonly HostFloats _same, _opposite, _sin, _cos;

        public Setup(StorageType type, int batch, int heads, int headDim, int tokens, int margin)
        {
            (_type, _batch, _heads, _headDim, _tokens) = (type, batch, heads, headDim, tokens);
            var random = new Random(headDim * 1000 + tokens);
            int channels = heads * headDim;
            (Q, K, V, DOut) = (Given(), Given(), Given(), Given());
            (Out, DQ, DK, DV) = (New(), New(), New(), New());
            _same = HostFloats.Random(random, 2 * channels, 0.1, 0.9);
            _opposite = HostFloats.Random(random, 2 * channels, 0.1, 0.9);
            double[] angles = [.. Enumerable.Range(0, tokens * 2 * headDim).Select(_ => random.NextDouble())];
            _sin = new HostFloats([.. angles.Select(angle => (float)Math.Sin(angle))]);
            _cos = new HostFloats([.. angles.Select(angle => (float)Math.Cos(angle))]);
            (DSame, DOpposite) = (new HostFloats(2 * channels), new HostFloats(2 * channels));

            HostTensor Given() => HostTensor.Random(random, type, batch, tokens, channels, margin, margin);
            HostTensor New() => new(type, batch, tokens, channels, margin, margin);
        }

        public HostTensor Q { get; }
        public HostTensor K { get; }
        public HostTensor V { get; }
        public HostTensor DOut { get; }
        public HostTensor Out { get; }
        public HostTensor DQ { get; }
        public HostTensor DK { get; }
        public HostTensor DV { get; }
        public HostFloats DSame { get; }
        public HostFloats DOpposite { get; }

        public double[] All() =>
        [
            .. Out.ToDoubles(), .. DQ.ToDoubles(), .. DK.ToDoubles(), .. DV.ToDoubles(), .. DSame.ToDoubles(), .. DOpposite.ToDoubles(),
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

        public void Run(uint order)
        {
            var queue = new FibreQueue(order);
            PolarityProblem problem = PolarityPlusPlusKernels.Problem(_type, _batch, _heads, _headDim, _tokens, queue.Multiprocessors);
            HostFloats state = new(problem.StateFloats), forward = new(problem.ForwardWorkspace), backward = new(problem.BackwardWorkspace);
            var arguments = new PolarityPlusPlusArguments
            {
                Q = Q.Rows,
                K = K.Rows,
                V = V.Rows,
                Out = Out.Rows,
                Same = _same.Address,
                Opposite = _opposite.Address,
                Sin = _sin.Address,
                Cos = _cos.Address,
                State = state.Address,
            };
            PolarityPlusPlusKernels.Forward(queue, problem, arguments, forward.Address);
            arguments.DOut = DOut.Rows;
            (arguments.DQ, arguments.DK, arguments.DV) = (DQ.Rows, DK.Rows, DV.Rows);
            (arguments.DSame, arguments.DOpposite) = (DSame.Address, DOpposite.Address);
            PolarityPlusPlusKernels.Backward(queue, problem, arguments, backward.Address);
            foreach (HostFloats floats in (HostFloats[])[state, forward, backward])
                floats.AssertSurroundingsUntouched();
        }

        public void AssertNothingElseWritten()
        {
            foreach (HostTensor tensor in (HostTensor[])[Out, DQ, DK, DV])
                tensor.AssertSurroundingsUntouched();
            DSame.AssertSurroundingsUntouched();
            DOpposite.AssertSurroundingsUntouched();
        }
    }
}

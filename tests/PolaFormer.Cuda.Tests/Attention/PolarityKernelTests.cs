using PolaFormer.Cuda.Attention;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors.Tests.Kernels.Attention;

namespace PolaFormer.Cuda.Tests.Attention;

public class PolarityKernelTests
{
    public static TheoryData<string, int, int, int, int, int, bool, int> Shapes => new()
    {
        // storage, batch, heads, d, N, n, position, elements before and after each row
        { "Float", 2, 2, 8, 49, 49, true, 3 },
        { "Float", 1, 3, 16, 60, 15, false, 0 },
        { "Float", 2, 1, 32, 100, 37, true, 4 },
        { "Float", 1, 2, 64, 113, 70, true, 0 },
        { "Float", 1, 2, 24, 31, 5, false, 1 },
        { "Float", 1, 1, 6, 9, 4, true, 0 },
        { "Float", 2, 1, 10, 1, 3, false, 0 },
        { "Float", 1, 1, 2, 7, 7, true, 0 },
        { "Float", 1, 1, 16, 300, 200, true, 0 },   // several chunks
        { "BFloat16", 1, 2, 16, 33, 20, true, 8 },
        { "BFloat16", 1, 2, 32, 70, 49, true, 0 },
        { "BFloat16", 1, 2, 64, 130, 150, true, 16 },
        { "BFloat16", 1, 1, 48, 40, 40, false, 3 },
        { "BFloat16", 1, 1, 128, 140, 20, true, 0 },
        { "BFloat16", 1, 1, 96, 20, 30, true, 0 },
        { "BFloat16", 1, 1, 32, 600, 520, true, 0 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Matches_the_composed_reference(string storage, int batch, int heads, int headDim, int queries, int keys, bool position, int margin)
    {
        var setup = new Setup(Enum.Parse<StorageType>(storage), batch, heads, headDim, queries, keys, position, margin);
        PolarityReference reference = setup.Reference();
        double[] expected = reference.Forward();
        reference.Backward(setup.DOut.ToDoubles());

        setup.Run(order: 0);

        double tolerance = storage == "Float" ? 3e-6 : 8e-3;
        Distance.AssertWithin(tolerance, expected, setup.Out.ToDoubles(), "out");
        Distance.AssertWithin(tolerance, reference.DQ, setup.DQ.ToDoubles(), "dq");
        Distance.AssertWithin(tolerance, reference.DK, setup.DK.ToDoubles(), "dk");
        Distance.AssertWithin(tolerance, reference.DV, setup.DV.ToDoubles(), "dv");
        Distance.AssertWithin(tolerance, reference.DInverseScale, setup.DInverseScale.ToDoubles(), "∂s");
        Distance.AssertWithin(tolerance, reference.DPower, setup.DPower.ToDoubles(), "∂p");
        setup.AssertNothingElseWritten();
    }

    [Theory]
    [InlineData("BFloat16", 64, 140)]
    [InlineData("Float", 32, 150)]
    public void Fibres_in_other_orders_give_the_same_bits(string storage, int headDim, int tokens)
    {
        double[]? first = null;
        foreach (uint order in (uint[])[0, 1, 7, 8])
        {
            var setup = new Setup(Enum.Parse<StorageType>(storage), 1, 2, headDim, tokens, tokens, true, 0);
            setup.Run(order);
            first ??= setup.All();
            Assert.Equal(first, setup.All());
        }
    }

    [Fact]
    public void Zero_queries_give_zero_and_zero_gradients()
    {
        var setup = new Setup(StorageType.BFloat16, 1, 2, 16, 20, 20, true, 0);
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
        private readonly int _batch, _heads, _headDim, _queries, _keys;
        private readonly HostTensor? _position;
        private readonly HostFloats _inverseScale, _power;

        public Setup(StorageType type, int batch, int heads, int headDim, int queries, int keys, bool position, int margin)
        {
            (_type, _batch, _heads, _headDim, _queries, _keys) = (type, batch, heads, headDim, queries, keys);
            var random = new Random(headDim * 1000 + queries);
            int channels = heads * headDim;
            Q = Random(queries);
            K = Random(keys);
            V = Random(keys);
            DOut = Random(queries);
            (Out, DQ, DK, DV) = (New(queries), New(queries), New(keys), New(keys));
            _position = position ? HostTensor.Random(random, type, 1, keys, channels, margin, margin, zeros: 0) : null;
            _inverseScale = HostFloats.Random(random, channels, 0.5, 1.5);
            _power = HostFloats.Random(random, channels, 1.2, 4.5);
            (DInverseScale, DPower) = (new HostFloats(channels), new HostFloats(channels));

            HostTensor Random(int tokens) => HostTensor.Random(random, type, batch, tokens, channels, margin, margin);
            HostTensor New(int tokens) => new(type, batch, tokens, channels, margin, margin);
        }

        public HostTensor Q { get; }
        public HostTensor K { get; }
        public HostTensor V { get; }
        public HostTensor DOut { get; }
        public HostTensor Out { get; }
        public HostTensor DQ { get; }
        public HostTensor DK { get; }
        public HostTensor DV { get; }
        public HostFloats DInverseScale { get; }
        public HostFloats DPower { get; }

        public double[] All() =>
        [
            .. Out.ToDoubles(), .. DQ.ToDoubles(), .. DK.ToDoubles(), .. DV.ToDoubles(), .. DInverseScale.ToDoubles(), .. DPower.ToDoubles(),
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

        public void Run(uint order)
        {
            var queue = new FibreQueue(order);
            var problem = new PolarityProblem(_type, _batch, _heads, _headDim, _queries, _keys, queue.Multiprocessors);
            var state = new HostFloats(problem.StateFloats);
            HostFloats forward = new(problem.ForwardWorkspace), backward = new(problem.BackwardWorkspace);
            var arguments = new PolarityArguments
            {
                Q = Q.Rows,
                K = K.Rows,
                V = V.Rows,
                Out = Out.Rows,
                Position = _position is null ? default : _position.Rows with { ImageStride = 0 },
                InverseScale = _inverseScale.Address,
                Power = _power.Address,
                State = state.Address,
            };
            PolarityKernels.Forward(queue, problem, arguments, forward.Address);
            arguments.DOut = DOut.Rows;
            (arguments.DQ, arguments.DK, arguments.DV) = (DQ.Rows, DK.Rows, DV.Rows);
            (arguments.DInverseScale, arguments.DPower) = (DInverseScale.Address, DPower.Address);
            PolarityKernels.Backward(queue, problem, arguments, backward.Address);
            foreach (HostFloats floats in (HostFloats[])[state, forward, backward])
                floats.AssertSurroundingsUntouched();
        }

        public void AssertNothingElseWritten()
        {
            foreach (HostTensor tensor in (HostTensor[])[Out, DQ, DK, DV])
                tensor.AssertSurroundingsUntouched();
            DInverseScale.AssertSurroundingsUntouched();
            DPower.AssertSurroundingsUntouched();
        }
    }
}

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
        { "Rounded", 1, 2, 16, 33, 20, true, 4 },
        { "Rounded", 1, 2, 64, 130, 150, true, 0 },
        { "Rounded", 1, 1, 20, 40, 40, false, 3 },
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

        // Rounded: what comes in is rounded, too.
        setup.AssertResults(storage switch { "Float" => 3e-6, "BFloat16" => 8e-3, _ => 2.5e-2 }, expected, reference.DQ, reference.DK, reference.DV, reference.DInverseScale, reference.DPower);
    }

    [Theory]
    [InlineData("BFloat16", 64, 140)]
    [InlineData("Float", 32, 150)]
    public void Fibres_in_other_orders_give_the_same_bits(string storage, int headDim, int tokens) => AttentionSetup.AssertSameBits(
        () => new Setup(Enum.Parse<StorageType>(storage), 1, 2, headDim, tokens, tokens, true, 0));

    [Fact]
    public void Zero_queries_give_zero_and_zero_gradients() => new Setup(StorageType.BFloat16, 1, 2, 16, 20, 20, true, 0).AssertZeroQueryGivesZero();

    [Theory]
    [InlineData("Float")]
    [InlineData("BFloat16")]
    public void Keys_that_are_left_out_are_not_read(string storage)
    {
        Setup whole = New(), part = New();
        float[] mask = [.. Enumerable.Range(0, 80).Select(i => i % 40 is 0 or 7 or > 33 ? 0f : 1)];
        for (int i = 0; i < mask.Length; i++)
        {
            for (int c = 0; c < 32; c++)
            {
                if (mask[i] == 0)
                    (whole.K[i / 40, i % 40, c], whole.V[i / 40, i % 40, c], part.K[i / 40, i % 40, c], part.V[i / 40, i % 40, c]) = (0, 0, float.NaN, float.NaN);
            }
        }

        part.Mask = new HostFloats(mask);
        whole.Run(order: 0);
        part.Run(order: 1);

        Assert.Equal(whole.All(), part.All());

        Setup New() => new(Enum.Parse<StorageType>(storage), 2, 1, 32, 20, 40, position: false, 0);
    }

    private sealed class Setup : AttentionSetup
    {
        private readonly PolarityProblem _problem;
        private readonly HostTensor? _position;
        private readonly HostFloats _inverseScale, _power;

        public Setup(StorageType type, int batch, int heads, int headDim, int queries, int keys, bool position, int margin)
            : this(new Random(headDim * 1000 + queries), type, batch, heads, headDim, queries, keys, position, margin)
        {
        }

        private Setup(Random random, StorageType type, int batch, int heads, int headDim, int queries, int keys, bool position, int margin)
            : base(random, type, batch, heads * headDim, queries, keys, heads * headDim, margin)
        {
            int channels = heads * headDim;
            _problem = new PolarityProblem(type, batch, heads, headDim, queries, keys, new FibreQueue(0).Multiprocessors);
            _position = position ? HostTensor.Random(random, type, 1, keys, channels, margin, margin, zeros: 0) : null;
            _inverseScale = HostFloats.Random(random, channels, 0.5, 1.5);
            _power = HostFloats.Random(random, channels, 1.2, 4.5);
        }

        public HostFloats? Mask { get; set; }

        public PolarityReference Reference() => new(_problem.Batch, _problem.Heads, _problem.HeadDim, _problem.Queries, _problem.Keys)
        {
            Q = Q.ToDoubles(),
            K = K.ToDoubles(),
            V = V.ToDoubles(),
            Position = _position?.ToDoubles() ?? [],
            InverseScale = _inverseScale.ToDoubles(),
            Power = _power.ToDoubles(),
        };

        protected override HostFloats[] Run(FibreQueue queue)
        {
            HostFloats state = new(_problem.StateFloats), forward = new(_problem.ForwardWorkspace), backward = new(_problem.BackwardWorkspace);
            var arguments = new PolarityArguments
            {
                Q = Q.Rows,
                K = K.Rows,
                V = V.Rows,
                Out = Out.Rows,
                Position = _position is null ? default : _position.Rows with { ImageStride = 0 },
                Mask = Mask?.Address ?? 0,
                InverseScale = _inverseScale.Address,
                Power = _power.Address,
                State = state.Address,
            };
            PolarityKernels.Forward(queue, _problem, arguments, forward.Address);
            arguments.DOut = DOut.Rows;
            (arguments.DQ, arguments.DK, arguments.DV) = (DQ.Rows, DK.Rows, DV.Rows);
            (arguments.DInverseScale, arguments.DPower) = (DFirst.Address, DSecond.Address);
            PolarityKernels.Backward(queue, _problem, arguments, backward.Address);
            return [state, forward, backward];
        }
    }
}

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
    [InlineData("Rounded", 1, 2, 32, 70, 0)]
    [InlineData("Rounded", 1, 1, 64, 130, 4)]
    [InlineData("BFloat16", 1, 1, 48, 40, 0)]
    [InlineData("BFloat16", 1, 1, 128, 150, 8)]
    [InlineData("BFloat16", 1, 2, 96, 70, 0)]
    public void Matches_the_composed_reference(string storage, int batch, int heads, int headDim, int tokens, int margin)
    {
        var setup = new Setup(Enum.Parse<StorageType>(storage), batch, heads, headDim, tokens, margin);
        PolarityPlusPlusReference reference = setup.Reference();
        double[] expected = reference.Forward();
        reference.Backward(setup.DOut.ToDoubles());

        setup.Run(order: 0);

        setup.AssertResults(storage == "Float" ? 4e-6 : 1.2e-2, expected, reference.DQ, reference.DK, reference.DV, reference.DSame, reference.DOpposite);
    }

    [Fact]
    public void Fibres_in_other_orders_give_the_same_bits() => AttentionSetup.AssertSameBits(() => new Setup(StorageType.BFloat16, 1, 2, 32, 150, 0));

    [Fact]
    public void Zero_queries_give_zero_and_zero_gradients() => new Setup(StorageType.BFloat16, 1, 2, 16, 20, 0).AssertZeroQueryGivesZero();

    private sealed class Setup : AttentionSetup
    {
        private readonly PolarityProblem _problem;
        private readonly HostFloats _same, _opposite, _sin, _cos;

        public Setup(StorageType type, int batch, int heads, int headDim, int tokens, int margin)
            : this(new Random(headDim * 1000 + tokens), type, batch, heads, headDim, tokens, margin)
        {
        }

        private Setup(Random random, StorageType type, int batch, int heads, int headDim, int tokens, int margin)
            : base(random, type, batch, heads * headDim, tokens, tokens, 2 * heads * headDim, margin)
        {
            _problem = PolarityPlusPlusKernels.Problem(type, batch, heads, headDim, tokens, new FibreQueue(0).Multiprocessors);
            _same = HostFloats.Random(random, 2 * heads * headDim, 0.1, 0.9);
            _opposite = HostFloats.Random(random, 2 * heads * headDim, 0.1, 0.9);
            double[] angles = [.. Enumerable.Range(0, tokens * 2 * headDim).Select(_ => random.NextDouble())];
            _sin = new HostFloats([.. angles.Select(angle => (float)Math.Sin(angle))]);
            _cos = new HostFloats([.. angles.Select(angle => (float)Math.Cos(angle))]);
        }

        public PolarityPlusPlusReference Reference() => new(_problem.Batch, _problem.Heads, _problem.HeadDim, _problem.Keys)
        {
            Q = Q.ToDoubles(),
            K = K.ToDoubles(),
            V = V.ToDoubles(),
            Same = _same.ToDoubles(),
            Opposite = _opposite.ToDoubles(),
            Sin = _sin.ToDoubles(),
            Cos = _cos.ToDoubles(),
        };

        protected override HostFloats[] Run(FibreQueue queue)
        {
            HostFloats state = new(_problem.StateFloats), forward = new(_problem.ForwardWorkspace), backward = new(_problem.BackwardWorkspace);
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
            PolarityPlusPlusKernels.Forward(queue, _problem, arguments, forward.Address);
            arguments.DOut = DOut.Rows;
            (arguments.DQ, arguments.DK, arguments.DV) = (DQ.Rows, DK.Rows, DV.Rows);
            (arguments.DSame, arguments.DOpposite) = (DFirst.Address, DSecond.Address);
            PolarityPlusPlusKernels.Backward(queue, _problem, arguments, backward.Address);
            return [state, forward, backward];
        }
    }
}

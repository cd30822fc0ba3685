using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = the position of the largest element along a dimension, the first where several are; NaN counts as largest. No gradient; nothing to choose from is an error.</summary>
internal static class ArgMax
{
    public static Tensor Forward(Tensor x, int dimension, bool keepDimensions)
    {
        Tape.RequireUntracked(nameof(ArgMax), x);
        dimension = x.Shape.Normalize(dimension);
        Shape kept = x.Shape.With(dimension, 1);
        Tensor y = x.Device.Empty(kept, DType.Int64);
        x.Device.Run(new Call(x, dimension, y));
        return keepDimensions ? y : y.Reshape(kept.Without(dimension));
    }

    internal readonly record struct Call(Tensor X, int Dimension, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(ArgMax);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, DType.Int64);
            call.Reads(X);
        }

        public unsafe void OnCpu()
        {
            Tensor largest = Device.Cpu.Empty(Y.Shape), index = Device.Cpu.Empty(Y.Shape, DType.Int32);
            Kernels.Reduction.Max(X.Data, X.Shape.CountOf(0, Dimension), X.Shape[Dimension], X.Shape.CountOf(Dimension + 1, X.Rank), largest.Data, (int*)index.Elements);
            Kernels.ArgSort.Widen((int*)index.Elements, (long*)Y.Elements, Y.Count);
        }
    }
}

using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y[g, i, :] = x[g, index[g, i], :] for each place g before a dimension; where the index has fewer such places, they repeat.
/// ∂L/∂x[g, r, :] = Σ over the i that chose r of ∂L/∂y[g, i, :], in order of i. An index outside the dimension is an error.
/// </summary>
internal sealed class Gather : Operator
{
    private readonly Tensor _x, _indices;
    private readonly int _dimension;

    private Gather(Tensor x, int dimension, Tensor indices)
    {
        _x = x;
        _dimension = dimension;
        _indices = Save(indices);
    }

    public static Tensor Forward(Tensor x, int dimension, Tensor indices)
    {
        dimension = x.Shape.Normalize(dimension);
        if (indices.DType != DType.Int64)
            throw new ArgumentException($"Gather takes Int64 indices; got {indices.DType}.", nameof(indices));
        if (!Fits(x.Shape, dimension, indices.Shape))
            throw new ArgumentException($"Indices {indices.Shape} do not choose along dimension {dimension} of {x.Shape}: before it they have x's extents or the last of them, behind it extents of 1.", nameof(indices));
        Tensor y = x.Device.Empty(x.Shape.With(dimension, indices.Shape[dimension - x.Rank]));
        x.Device.Run(new Call(x, dimension, indices, y));
        return Tape.IsRecording(x) ? Tape.Record(new Gather(x, dimension, indices), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(_x.Shape);
        dy.Device.Run(new BackwardCall(dy, _dimension, _indices, dx));
        Accumulate(_x, dx);
    }

    // Aligned at the last dimension: 1 behind the chosen one, then its own extent, x's extents and, from some place to the front, 1.
    private static bool Fits(Shape x, int dimension, Shape indices)
    {
        int behind = x.Rank - dimension - 1, i = 1;
        if (indices.Rank > x.Rank || indices.Rank <= behind)
            return false;
        for (; i <= behind; i++)
        {
            if (indices[-i] != 1)
                return false;
        }

        i++;
        while (i <= indices.Rank && indices[-i] == x[-i])
            i++;
        for (; i <= indices.Rank; i++)
        {
            if (indices[-i] != 1)
                return false;
        }

        return true;
    }

    internal readonly record struct Call(Tensor X, int Dimension, Tensor Indices, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Gather);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.ReadsPart(X, Y);
            call.Reads(Indices, DType.Int64);
        }

        public unsafe void OnCpu() => Kernels.Gather.Rows(X.Data, Kernels.GatherShape.Of(X.Shape, Dimension, Indices.Count, Y.Shape[Dimension]), (long*)Indices.Elements, Y.Data);
    }

    internal readonly record struct BackwardCall(Tensor Dy, int Dimension, Tensor Indices, Tensor Dx) : IDeviceCall
    {
        public string Name => "GatherBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(Dy);
            call.Reads(Indices, DType.Int64);
        }

        public unsafe void OnCpu()
        {
            new Fill(Dx, 0).OnCpu();
            Kernels.Gather.ScatterAdd(Dy.Data, Kernels.GatherShape.Of(Dx.Shape, Dimension, Indices.Count, Dy.Shape[Dimension]), (long*)Indices.Elements, Dx.Data);
        }
    }
}

using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y[i…, :] = table[index[i…], :]; ∂L/∂table[r, :] = Σ over the i that chose r of ∂L/∂y[i, :], in order of i.</summary>
internal sealed class Gather : Operator
{
    private readonly Tensor _table, _indices;

    private Gather(Tensor table, Tensor indices)
    {
        _table = table;
        _indices = Save(indices);
    }

    public static Tensor Forward(Tensor table, Tensor indices)
    {
        if (table.Rank != 2 || indices.DType != DType.Int64)
            throw new ArgumentException($"Gather takes a (rows, columns) table and Int64 indices; got {table.Shape} and {indices.DType}.");
        Span<int> extents = stackalloc int[indices.Rank + 1];
        indices.Shape.AsSpan().CopyTo(extents);
        extents[^1] = table.Shape[1];
        Tensor y = table.Device.Empty(new Shape(extents));
        table.Device.Run(new Call(table, indices, y));
        return Tape.IsRecording(table) ? Tape.Record(new Gather(table, indices), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dtable = dy.Device.Empty(_table.Shape);
        dy.Device.Run(new BackwardCall(dy, _indices, dtable));
        Accumulate(_table, dtable);
    }

    internal readonly record struct Call(Tensor Table, Tensor Indices, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Gather);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.ReadsPart(Table, Y);
            call.Reads(Indices, DType.Int64);
        }

        public unsafe void OnCpu() => Kernels.Gather.Rows(Table.Data, Table.Shape[0], (long*)Indices.Elements, Indices.Count, Table.Shape[1], Y.Data);
    }

    internal readonly record struct BackwardCall(Tensor Dy, Tensor Indices, Tensor Dtable) : IDeviceCall
    {
        public string Name => "GatherBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dtable);
            call.Reads(Dy);
            call.Reads(Indices, DType.Int64);
        }

        public unsafe void OnCpu()
        {
            new Fill(Dtable, 0).OnCpu();
            Kernels.Gather.ScatterAdd(Dy.Data, (long*)Indices.Elements, Indices.Count, Dtable.Shape[1], Dtable.Data, Dtable.Shape[0]);
        }
    }
}

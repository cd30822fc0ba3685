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
        table.Device.Gather(table, indices, y);
        return Tape.IsRecording(table) ? Tape.Record(new Gather(table, indices), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dtable = dy.Device.Empty(_table.Shape);
        dy.Device.GatherBackward(dy, _indices, dtable);
        Accumulate(_table, dtable);
    }
}

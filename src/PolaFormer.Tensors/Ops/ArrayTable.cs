using System.Buffers;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Ops;

/// <summary>The table of arrays for a kernel over many tensors, in memory that is used again.</summary>
internal readonly ref struct ArrayTable : IDisposable
{
    private readonly ArrayRow[] _rows;
    private readonly int _count;

    private ArrayTable(int count) => (_rows, _count) = (ArrayPool<ArrayRow>.Shared.Rent(count), count);

    /// <summary>The rows.</summary>
    public Span<ArrayRow> Rows => _rows.AsSpan(0, _count);

    /// <summary>A table of undefined rows.</summary>
    public static ArrayTable OfRows(int count) => new(count);

    /// <summary>A table with a row for each tensor.</summary>
    public static unsafe ArrayTable Of(IReadOnlyList<Tensor> tensors)
    {
        var table = new ArrayTable(tensors.Count);
        for (int i = 0; i < tensors.Count; i++)
            table.Rows[i] = new ArrayRow(tensors[i].Data, null, null, null, tensors[i].Count);
        return table;
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<ArrayRow>.Shared.Return(_rows);
}

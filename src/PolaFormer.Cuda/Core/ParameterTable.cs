using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>Arrays that a kernel updates in one launch, as many as its argument may hold (optimizer.cu).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ParameterTable
{
    /// <summary>Most arrays of a table.</summary>
    public const int MostRows = 64;

    private long _total;
    private int _count;
    private Rows _rows;

    /// <summary>Elements of all arrays.</summary>
    public readonly long Total => _total;

    /// <summary>Whether there is no room for another one.</summary>
    public readonly bool IsFull => _count == MostRows;

    /// <summary>Adds an array of so many elements and what stands beside it; addresses of floats, 0 for none.</summary>
    public void Add(long count, nint target, nint source = 0, nint mean = 0, nint square = 0, nint rates = 0)
    {
        if (count == 0)
            return;
        _rows[_count++] = new Row { Target = target, Source = source, Mean = mean, Square = square, First = _total, Rates = rates };
        _total += count;
    }

    private struct Row
    {
        public nint Target, Source, Mean, Square;
        public long First;
        public nint Rates;
    }

    [InlineArray(MostRows)]
    private struct Rows
    {
        private Row _first;
    }
}

using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Core;

/// <summary>A walk over the elements of two arrays at a time, each with strides of its own, as walk.h has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Walk
{
    /// <summary>Dimensions that a walk may have after neighbouring ones were put together.</summary>
    public const int MostDimensions = 6;

    /// <summary>Elements.</summary>
    public long Count;

    private readonly int _rank;
    private fixed int _extents[MostDimensions];
    private fixed long _x[MostDimensions];
    private fixed long _y[MostDimensions];

    /// <summary>
    /// Over so many elements in each dimension, the last one innermost. Strides are elements from one to the next; 0 repeats an
    /// element. Neighbouring dimensions that are one in both arrays are put together.
    /// </summary>
    public Walk(ReadOnlySpan<int> extents, ReadOnlySpan<long> x, ReadOnlySpan<long> y)
    {
        Count = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            Count *= extents[i];
            if (extents[i] == 1)
                continue;
            int last = _rank - 1;
            if (last >= 0 && _x[last] == extents[i] * x[i] && _y[last] == extents[i] * y[i] && (long)_extents[last] * extents[i] <= int.MaxValue)
                _extents[last] *= extents[i];
            else if (++last < MostDimensions)
                _extents[_rank++] = extents[i];
            else
                throw new ArgumentException($"A walk over {extents.Length} dimensions; at most {MostDimensions} are known.", nameof(extents));
            (_x[last], _y[last]) = (x[i], y[i]);
        }

        if (_rank == 0)
            (_rank, _extents[0]) = (1, 1);
    }

    /// <summary>
    /// The largest number of neighbouring elements that can be moved as one, of those that <paramref name="most"/> halves to.
    /// </summary>
    public readonly int Together(int most)
    {
        int last = _rank - 1;
        if (_x[last] != 1 || _y[last] != 1)
            return 1;
        for (; most > 1; most /= 2)
        {
            bool fits = _extents[last] % most == 0;
            for (int d = 0; d < last; d++)
                fits &= _x[d] % most == 0 && _y[d] % most == 0;
            if (fits)
                break;
        }

        return Math.Max(1, most);
    }

    /// <summary>The walk over groups of so many neighbouring elements.</summary>
    public readonly Walk InGroupsOf(int elements)
    {
        Walk walk = this;
        int last = _rank - 1;
        walk.Count /= elements;
        walk._extents[last] /= elements;
        for (int d = 0; d < last; d++)
        {
            walk._x[d] /= elements;
            walk._y[d] /= elements;
        }

        return walk;
    }
}

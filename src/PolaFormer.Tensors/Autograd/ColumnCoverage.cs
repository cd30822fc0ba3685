using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Autograd;

/// <summary>Which columns of a gradient have been written: sorted runs that do not touch one another.</summary>
internal sealed class ColumnCoverage
{
    private const int MaxRuns = 4;

    private Runs _runs;
    private int _count;

    [InlineArray(MaxRuns)]
    private struct Runs
    {
        private (int From, int To) _first;
    }

    /// <summary>The written runs.</summary>
    public ReadOnlySpan<(int From, int To)> Written => ((Span<(int From, int To)>)_runs)[.._count];

    /// <summary>Marks columns as written; false, and nothing happens, where one of them is already or there are too many runs.</summary>
    public bool TryAdd(int from, int to)
    {
        int at = 0;
        while (at < _count && _runs[at].To < from)
            at++;
        if (at == _count || to < _runs[at].From)
        {
            if (_count == MaxRuns)
                return false;
            for (int i = _count++; i > at; i--)
                _runs[i] = _runs[i - 1];
            _runs[at] = (from, to);
            return true;
        }

        // It touches run `at` on one side, perhaps the next one on the other; anything else overlaps.
        bool joinsNext = at + 1 < _count && _runs[at + 1].From == to;
        if (_runs[at].From == to)
        {
            _runs[at].From = from;
            return true;
        }

        if (_runs[at].To != from || (at + 1 < _count && to > _runs[at + 1].From))
            return false;
        _runs[at].To = joinsNext ? _runs[at + 1].To : to;
        if (joinsNext)
        {
            for (int i = at + 1; i < _count - 1; i++)
                _runs[i] = _runs[i + 1];
            _count--;
        }

        return true;
    }
}

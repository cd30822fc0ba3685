namespace PolaFormer.Training.Reporting;

/// <summary>The epochs of a run, at most as many as a page can show: of more, every second, fourth … and the last.</summary>
internal sealed class ThinnedEpochs
{
    private const int Max = 4096;

    private readonly List<EpochRecord> _kept = [];
    private EpochRecord? _last;
    private long _count;
    private long _stride = 1;

    /// <summary>Takes the next epoch.</summary>
    public void Add(EpochRecord epoch)
    {
        _last = epoch;
        if (_count++ % _stride != 0)
            return;
        if (_kept.Count == Max)
        {
            for (int i = 1; i < Max / 2; i++)
                _kept[i] = _kept[2 * i];
            _kept.RemoveRange(Max / 2, Max / 2);
            _stride *= 2;
        }

        _kept.Add(epoch);
    }

    /// <summary>The epochs kept.</summary>
    public EpochRecord[] ToArray() => _last is null || ReferenceEquals(_kept[^1], _last) ? [.. _kept] : [.. _kept, _last];
}

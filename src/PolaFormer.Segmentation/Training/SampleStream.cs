using PolaFormer.Tensors.Random;

namespace PolaFormer.Segmentation.Training;

/// <summary>An endless order of examples: every pass has each of them once. It follows from the seed alone, so a run can go on anywhere.</summary>
/// <param name="count">Examples.</param>
/// <param name="seed">Seed of the run.</param>
internal sealed class SampleStream(int count, ulong seed)
{
    private int _pass = -1;
    private int[] _order = [];

    /// <summary>The pass and the number of the example at a place of the order.</summary>
    public (int Pass, int Example) At(long place)
    {
        int pass = checked((int)(place / count));
        if (pass != _pass)
            (_pass, _order) = (pass, Shuffled(pass));
        return (pass, _order[place % count]);
    }

    private int[] Shuffled(int pass)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        var random = new Philox(seed, (ulong)pass);
        for (int i = count - 1; i > 0; i--)
        {
            int other = (int)((i + 1) * (double)random.Uniform((ulong)i));
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }
}

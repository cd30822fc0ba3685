using PolaFormer.NN;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Detection.Training;

/// <summary>Permutations that follow from the training step alone: a resumed run repeats them.</summary>
public sealed class SampledPermutations
{
    private const ulong Stream = 0xD37EC7;

    private readonly Philox _random;
    private ulong _drawn;

    /// <summary>Those of the current step.</summary>
    public SampledPermutations()
    {
        RandomStep step = RandomStep.Current;
        _random = new Philox(step.Seed ^ Stream, step.Step);
    }

    /// <summary>The next permutation of so many numbers.</summary>
    public int[] Next(int count)
    {
        uint[] keys = new uint[count];
        _random.FillUInt32(keys, _drawn);
        _drawn += (ulong)count;
        int[] order = [.. Enumerable.Range(0, count)];
        Array.Sort(keys, order);
        return order;
    }
}

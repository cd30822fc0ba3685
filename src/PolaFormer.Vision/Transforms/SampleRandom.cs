using PolaFormer.Tensors.Random;

namespace PolaFormer.Vision.Transforms;

/// <summary>The draws of one sample in one epoch: they depend on nothing but seed, epoch and sample, so neither threads nor a resumed run change them.</summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="epoch">Epoch, from 0.</param>
/// <param name="sample">Index of the sample in its dataset.</param>
public sealed class SampleRandom(ulong seed, int epoch, int sample) : IRandomSource
{
    private readonly Philox _philox = new(seed, ((ulong)(uint)epoch << 32) | (uint)sample);
    private ulong _drawn;

    /// <inheritdoc/>
    public double Uniform(double low, double high)
    {
        ulong bits = ((ulong)Next() << 32) | Next();
        return low + (high - low) * ((bits >> 11) * (1.0 / (1UL << 53)));
    }

    /// <inheritdoc/>
    public int Integer(int low, int high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        ulong range = (ulong)((long)high - low + 1);
        return (int)(low + (long)((Next() * range) >> 32));
    }

    private uint Next() => _philox.UInt32(_drawn++);
}

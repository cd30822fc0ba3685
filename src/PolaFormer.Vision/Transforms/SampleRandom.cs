using PolaFormer.Tensors.Random;

namespace PolaFormer.Vision.Transforms;

/// <summary>
/// The draws of one sample in one epoch, or of one batch: they depend on nothing but seed and position, so neither threads nor a
/// resumed run change them.
/// </summary>
public sealed class SampleRandom : IRandomSource
{
    // No epoch reaches 2³¹.
    private const ulong Batches = 1UL << 63;

    private readonly Philox _philox;
    private ulong _drawn;

    /// <summary>The draws of a sample.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="sample">Index of the sample in its dataset.</param>
    public SampleRandom(ulong seed, int epoch, int sample) : this(new Philox(seed, ((ulong)(uint)epoch << 32) | (uint)sample))
    {
    }

    private SampleRandom(Philox philox) => _philox = philox;

    /// <summary>The draws of a whole batch.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Number of the training step.</param>
    public static SampleRandom OfBatch(ulong seed, long step) => new(new Philox(seed, Batches | (ulong)step));

    /// <inheritdoc/>
    public double Uniform(double low, double high)
    {
        ulong bits = ((ulong)Next() << 32) | Next();
        return low + ((high - low) * ((bits >> 11) * (1.0 / (1UL << 53))));
    }

    /// <inheritdoc/>
    public int Integer(int low, int high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        ulong range = (ulong)((long)high - low + 1);
        return (int)(low + (long)((Next() * range) >> 32));
    }

    /// <inheritdoc/>
    public double Normal(double mean, double std)
    {
        // Box and Muller's transform; 1 − u is never 0.
        double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(0, 1)));
        return mean + (std * radius * Math.Cos(Uniform(0, 2 * Math.PI)));
    }

    /// <inheritdoc/>
    public void FillNormal(Span<float> values)
    {
        _philox.FillNormal(values, _drawn);
        _drawn += (ulong)values.Length;
    }

    private uint Next() => _philox.UInt32(_drawn++);
}

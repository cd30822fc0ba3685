namespace PolaFormer.Tensors.Random;

/// <summary>
/// Counter-based random numbers (Philox4x32-10; Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
/// A value depends on seed, stream and index only, so any part of a sequence can be drawn again, in any order.
/// </summary>
/// <param name="seed">Seed of the run: the key.</param>
/// <param name="stream">Tells independent sequences of one seed apart: the upper half of the counter.</param>
public readonly struct Philox(ulong seed, ulong stream)
{
    private const float Unit = 1f / (1 << 24);

    /// <summary>32 random bits.</summary>
    public uint UInt32(ulong index)
    {
        (uint a, uint b, uint c, uint d) = Block(index / 4);
        return (index % 4) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }

    /// <summary>A number in [0, 1), a multiple of 2⁻²⁴.</summary>
    public float Uniform(ulong index) => (UInt32(index) >> 8) * Unit;

    /// <summary>A normal number with mean 0 and variance 1.</summary>
    public float Normal(ulong index)
    {
        // Box–Muller on the pair of draws 2k, 2k + 1; the first is kept off 0.
        float radius = MathF.Sqrt(-2 * MathF.Log(1 - Uniform(index & ~1UL)));
        float angle = 2 * MathF.PI * Uniform(index | 1);
        return radius * ((index & 1) == 0 ? MathF.Cos(angle) : MathF.Sin(angle));
    }

    /// <summary>Fills with <see cref="Uniform"/> of consecutive indices from <paramref name="start"/>.</summary>
    public void FillUniform(Span<float> values, ulong start)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Uniform(start + (ulong)i);
    }

    /// <summary>Fills with <see cref="Normal"/> of consecutive indices from <paramref name="start"/>.</summary>
    public void FillNormal(Span<float> values, ulong start)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Normal(start + (ulong)i);
    }

    private (uint A, uint B, uint C, uint D) Block(ulong counter)
    {
        uint c0 = (uint)counter, c1 = (uint)(counter >> 32), c2 = (uint)stream, c3 = (uint)(stream >> 32);
        uint k0 = (uint)seed, k1 = (uint)(seed >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)0xD2511F53 * c0, p1 = (ulong)0xCD9E8D57 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return (c0, c1, c2, c3);
    }
}

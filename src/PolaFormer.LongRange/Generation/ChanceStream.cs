using PolaFormer.Tensors.Random;

namespace PolaFormer.LongRange.Generation;

/// <summary>Random numbers one after another, a function of a seed and a stream: what is made of stream i does not depend on who made the others.</summary>
internal sealed class ChanceStream(ulong seed, ulong stream)
{
    private readonly uint[] _words = new uint[32];
    private ulong _drawn;

    /// <summary>Starts another stream of the same seed.</summary>
    public void Restart(ulong next) => (stream, _drawn) = (next, 0);

    /// <summary>Uniform among 0 … count − 1.</summary>
    public int Below(int count) => (int)(((ulong)Word() * (uint)count) >> 32);

    /// <summary>Uniform in [0, 1), a multiple of 2⁻³².</summary>
    public double Uniform() => Word() * (1.0 / (1L << 32));

    private uint Word()
    {
        int place = (int)(_drawn % (ulong)_words.Length);
        if (place == 0)
            new Philox(seed, stream).FillUInt32(_words, _drawn);
        _drawn++;
        return _words[place];
    }
}

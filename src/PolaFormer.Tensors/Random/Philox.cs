using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Random;

/// <summary>
/// Random numbers that are a function of a seed, a stream and an index, with no state between them: Philox4x32-10 of Salmon,
/// Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). Any value can be had at any time, in any order
/// and on any thread.
/// </summary>
/// <param name="seed">The key of the generator.</param>
/// <param name="stream">Upper half of its counter: one number for each independent use.</param>
public readonly struct Philox(ulong seed, ulong stream) : IEquatable<Philox>
{
    private const int BufferLength = 256;
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The sequence that a use has in one step of training: that of the stream <paramref name="stream"/> xor <paramref name="step"/>.</summary>
    /// <param name="seed">The key of the generator.</param>
    /// <param name="stream">One number for each independent use.</param>
    /// <param name="step">Number of the step. A device that repeats a step as a whole (<see cref="Device.Repeat"/>) puts that of the repetition in its place.</param>
    public Philox(ulong seed, ulong stream, ulong step)
        : this(seed, stream ^ step) => Step = step;

    /// <summary>The key of the generator.</summary>
    public ulong Seed { get; } = seed;

    /// <summary>The independent sequence under that key.</summary>
    public ulong Stream { get; } = stream;

    /// <summary>The step that is part of the stream; null where the sequence is the same in every step.</summary>
    internal ulong? Step { get; }

    /// <summary>32 random bits: word index mod 4 of block index/4.</summary>
    public uint UInt32(ulong index)
    {
        (uint a, uint b, uint c, uint d) = Block(index >> 2);
        return (index & 3) switch { 0 => a, 1 => b, 2 => c, _ => d };
    }

    /// <summary>Uniform in [0, 1), a multiple of 2^-24.</summary>
    public float Uniform(ulong index) => ToUniform(UInt32(index));

    /// <summary>Standard normal, by Box and Muller's transform of the values at an even index and the next.</summary>
    public float Normal(ulong index)
    {
        Span<float> value = stackalloc float[1];
        FillNormal(value, index);
        return value[0];
    }

    /// <summary>values[i] = <see cref="UInt32"/>(start + i).</summary>
    public void FillUInt32(Span<uint> values, ulong start)
    {
        int i = 0;
        for (; i < values.Length && ((start + (ulong)i) & 3) != 0; i++)
            values[i] = UInt32(start + (ulong)i);
        if (Avx512F.IsSupported)
        {
            int count = (values.Length - i) & ~31;
            EightBlocks((start + (ulong)i) >> 2, values.Slice(i, count));
            i += count;
        }

        if (Avx2.IsSupported)
        {
            int count = (values.Length - i) & ~15;
            FourBlocks((start + (ulong)i) >> 2, values.Slice(i, count));
            i += count;
        }

        for (; i <= values.Length - 4; i += 4)
            (values[i], values[i + 1], values[i + 2], values[i + 3]) = Block((start + (ulong)i) >> 2);

        for (; i < values.Length; i++)
            values[i] = UInt32(start + (ulong)i);
    }

    /// <summary>values[i] = <see cref="Uniform"/>(start + i).</summary>
    public void FillUniform(Span<float> values, ulong start)
    {
        FillUInt32(MemoryMarshal.Cast<float, uint>(values), start);
        if (VectorWidth.Is512)
            ToUniform<Float32x16>(values);
        else if (VectorWidth.Is256)
            ToUniform<Float32x8>(values);
        else
            ToUniform<Float32x4>(values);
    }

    /// <summary>values[i] = <see cref="Normal"/>(start + i).</summary>
    public unsafe void FillNormal(Span<float> values, ulong start)
    {
        uint* bits = stackalloc uint[BufferLength];
        float* normal = stackalloc float[BufferLength];
        while (!values.IsEmpty)
        {
            // Whole pairs: they start at an even index.
            int skip = (int)(start & 1), count = Math.Min(BufferLength, (skip + values.Length + 1) & ~1);
            FillUInt32(new Span<uint>(bits, count), start - (ulong)skip);
            if (VectorWidth.Is512)
                BoxMuller<Float32x16>(bits, normal, count / 2);
            else if (VectorWidth.Is256)
                BoxMuller<Float32x8>(bits, normal, count / 2);
            else
                BoxMuller<Float32x4>(bits, normal, count / 2);
            int taken = Math.Min(values.Length, count - skip);
            new ReadOnlySpan<float>(normal + skip, taken).CopyTo(values);
            values = values[taken..];
            start += (ulong)taken;
        }
    }

    /// <summary>Ten rounds of Philox on a counter of four words under a key of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (uint, uint, uint, uint) Rounds(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            c0 = (uint)(p1 >> 32) ^ c1 ^ k0;
            c1 = (uint)p1;
            c2 = (uint)(p0 >> 32) ^ c3 ^ k1;
            c3 = (uint)p0;
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <inheritdoc/>
    public bool Equals(Philox other) => Seed == other.Seed && Stream == other.Stream;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Philox other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Seed, Stream);

    /// <summary>Same seed and stream.</summary>
    public static bool operator ==(Philox left, Philox right) => left.Equals(right);

    /// <summary>Different seed or stream.</summary>
    public static bool operator !=(Philox left, Philox right) => !left.Equals(right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (uint, uint, uint, uint) Block(ulong index) =>
        Rounds((uint)index, (uint)(index >> 32), (uint)Stream, (uint)(Stream >> 32), (uint)Seed, (uint)(Seed >> 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ToUniform(uint bits) => (bits >> 8) * (1f / (1 << 24));

    /// <summary>Random bits, as they lie there, to uniform numbers.</summary>
    private static unsafe void ToUniform<T>(Span<float> values) where T : unmanaged, IFloat32Vector<T>
    {
        fixed (float* x = values)
        {
            int i = 0;
            for (; i <= values.Length - T.Count; i += T.Count)
                T.Store(T.ConvertBits(T.ShiftRight(T.Load(x + i), 8) & T.CreateBits(0x00FFFFFF)) * T.Create(1f / (1 << 24)), x + i);
            for (; i < values.Length; i++)
                x[i] = ToUniform(BitConverter.SingleToUInt32Bits(x[i]));
        }
    }

    /// <summary>The words of consecutive blocks, four at a time. A lane of 64 bits is a block: products read the lower half, and the upper one is ignored until the end.</summary>
    private void FourBlocks(ulong index, Span<uint> words)
    {
        Vector256<ulong> counter = Vector256.Create(index) + Vector256.Create(0ul, 1, 2, 3);
        Vector256<ulong> stream0 = Vector256.Create(Stream), stream1 = Vector256.Create(Stream >> 32), seed0 = Vector256.Create(Seed), seed1 = Vector256.Create(Seed >> 32);
        Vector256<uint> multiplier0 = Vector256.Create((ulong)Multiplier0).AsUInt32(), multiplier1 = Vector256.Create((ulong)Multiplier1).AsUInt32();
        Vector256<ulong> weyl0 = Vector256.Create((ulong)Weyl0), weyl1 = Vector256.Create((ulong)Weyl1), lower = Vector256.Create(0xFFFFFFFFul);
        for (; words.Length >= 16; words = words[16..], counter += Vector256.Create(4ul))
        {
            Vector256<ulong> c0 = counter, c1 = counter >>> 32, c2 = stream0, c3 = stream1, k0 = seed0, k1 = seed1;
            for (int round = 0; round < 10; round++)
            {
                Vector256<ulong> p0 = Avx2.Multiply(multiplier0, c0.AsUInt32()), p1 = Avx2.Multiply(multiplier1, c2.AsUInt32());
                c0 = (p1 >>> 32) ^ c1 ^ k0;
                c1 = p1;
                c2 = (p0 >>> 32) ^ c3 ^ k1;
                c3 = p0;
                k0 += weyl0;
                k1 += weyl1;
            }

            Vector256<ulong> first = (c0 & lower) | (c1 << 32), second = (c2 & lower) | (c3 << 32);
            Vector256<uint> even = Avx2.UnpackLow(first, second).AsUInt32(), odd = Avx2.UnpackHigh(first, second).AsUInt32();
            even.GetLower().CopyTo(words);
            odd.GetLower().CopyTo(words[4..]);
            even.GetUpper().CopyTo(words[8..]);
            odd.GetUpper().CopyTo(words[12..]);
        }
    }

    /// <summary>The same eight at a time.</summary>
    private void EightBlocks(ulong index, Span<uint> words)
    {
        Vector512<ulong> counter = Vector512.Create(index) + Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7);
        Vector512<ulong> stream0 = Vector512.Create(Stream), stream1 = Vector512.Create(Stream >> 32), seed0 = Vector512.Create(Seed), seed1 = Vector512.Create(Seed >> 32);
        Vector512<uint> multiplier0 = Vector512.Create((ulong)Multiplier0).AsUInt32(), multiplier1 = Vector512.Create((ulong)Multiplier1).AsUInt32();
        Vector512<ulong> weyl0 = Vector512.Create((ulong)Weyl0), weyl1 = Vector512.Create((ulong)Weyl1), lower = Vector512.Create(0xFFFFFFFFul);
        for (; words.Length >= 32; words = words[32..], counter += Vector512.Create(8ul))
        {
            Vector512<ulong> c0 = counter, c1 = counter >>> 32, c2 = stream0, c3 = stream1, k0 = seed0, k1 = seed1;
            for (int round = 0; round < 10; round++)
            {
                Vector512<ulong> p0 = Avx512F.Multiply(multiplier0, c0.AsUInt32()), p1 = Avx512F.Multiply(multiplier1, c2.AsUInt32());
                c0 = (p1 >>> 32) ^ c1 ^ k0;
                c1 = p1;
                c2 = (p0 >>> 32) ^ c3 ^ k1;
                c3 = p0;
                k0 += weyl0;
                k1 += weyl1;
            }

            Vector512<ulong> first = (c0 & lower) | (c1 << 32), second = (c2 & lower) | (c3 << 32);
            Avx512F.PermuteVar8x64x2(first, Vector512.Create(0ul, 8, 1, 9, 2, 10, 3, 11), second).AsUInt32().CopyTo(words);
            Avx512F.PermuteVar8x64x2(first, Vector512.Create(4ul, 12, 5, 13, 6, 14, 7, 15), second).AsUInt32().CopyTo(words[16..]);
        }
    }

    /// <summary>√(−2·ln(1 − u))·(cos 2πv, sin 2πv) for pairs (u, v): 1 − u is never 0.</summary>
    private static unsafe void BoxMuller<T>(uint* bits, float* normal, int pairs) where T : unmanaged, IFloat32Vector<T>
    {
        float* u = stackalloc float[BufferLength / 2], v = stackalloc float[BufferLength / 2];
        for (int i = 0; i < pairs; i++)
            (u[i], v[i]) = (1 - ToUniform(bits[2 * i]), ToUniform(bits[(2 * i) + 1]));
        for (int i = 0; i < pairs; i += T.Count)
        {
            int width = Math.Min(T.Count, pairs - i);
            T radius = T.Sqrt(T.Create(-2f) * VectorMath.Log(T.LoadPartial(u + i, width)));
            T angle = T.LoadPartial(v + i, width) * T.Create(6.28318531f);
            T.StorePartial(radius * VectorMath.Cos(angle), u + i, width);
            T.StorePartial(radius * VectorMath.Sin(angle), v + i, width);
        }

        for (int i = 0; i < pairs; i++)
            (normal[2 * i], normal[(2 * i) + 1]) = (u[i], v[i]);
    }
}

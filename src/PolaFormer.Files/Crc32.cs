using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Files;

/// <summary>
/// The checksum of zip archives and PNG chunks (polynomial 0xEDB88320, reflected): by carry-less products where the processor has them,
/// else by tables, eight bytes a step.
/// </summary>
internal static class Crc32
{
    private const int FoldBytes = 64;

    private static readonly uint[] s_tables = MakeTables();

    /// <summary>Continues a checksum, 0 at first, with more bytes.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        if (Pclmulqdq.IsSupported && bytes.Length >= FoldBytes)
        {
            int whole = bytes.Length & -16;
            crc = Fold(crc, MemoryMarshal.Cast<byte, Vector128<ulong>>(bytes[..whole]));
            bytes = bytes[whole..];
        }

        return ~AppendByTable(crc, bytes);
    }

    /// <summary>The same by tables alone, without the inversions at the start and the end.</summary>
    internal static uint AppendByTable(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<uint> t = s_tables;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc, high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = t[(7 * 256) + (byte)low] ^ t[(6 * 256) + (byte)(low >> 8)] ^ t[(5 * 256) + (byte)(low >> 16)] ^ t[(4 * 256) + (int)(low >> 24)]
                ^ t[(3 * 256) + (byte)high] ^ t[(2 * 256) + (byte)(high >> 8)] ^ t[256 + (byte)(high >> 16)] ^ t[(int)(high >> 24)];
        }

        foreach (byte b in bytes)
            crc = t[(byte)(crc ^ b)] ^ (crc >> 8);
        return crc;
    }

    /// <summary>
    /// Folds at least four blocks of 128 bits into one of the same remainder, after V. Gopal et al., "Fast CRC Computation
    /// for Generic Polynomials Using PCLMULQDQ" (Intel, 2009); the constants are x^n mod P for the distances folded over.
    /// </summary>
    private static uint Fold(uint crc, ReadOnlySpan<Vector128<ulong>> blocks)
    {
        Vector128<ulong> by512 = Vector128.Create(0x0154442bd4UL, 0x01c6e41596UL), by128 = Vector128.Create(0x01751997d0UL, 0x00ccaa009eUL);
        Vector128<ulong> a = blocks[0] ^ Vector128.CreateScalar((ulong)crc), b = blocks[1], c = blocks[2], d = blocks[3];
        for (blocks = blocks[4..]; blocks.Length >= 4; blocks = blocks[4..])
        {
            a = Step(a, by512) ^ blocks[0];
            b = Step(b, by512) ^ blocks[1];
            c = Step(c, by512) ^ blocks[2];
            d = Step(d, by512) ^ blocks[3];
        }

        a = Step(Step(Step(a, by128) ^ b, by128) ^ c, by128) ^ d;
        foreach (Vector128<ulong> block in blocks)
            a = Step(a, by128) ^ block;
        return AppendByTable(0, MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref a, 1)));
    }

    private static Vector128<ulong> Step(Vector128<ulong> value, Vector128<ulong> distance) =>
        Pclmulqdq.CarrylessMultiply(value, distance, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, distance, 0x11);

    /// <summary>Table k advances a byte past k zero bytes.</summary>
    private static uint[] MakeTables()
    {
        uint[] tables = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320 : 0);
            tables[i] = value;
        }

        for (int i = 256; i < tables.Length; i++)
            tables[i] = (tables[i - 256] >> 8) ^ tables[(byte)tables[i - 256]];
        return tables;
    }
}

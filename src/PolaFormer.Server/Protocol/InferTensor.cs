using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace PolaFormer.Server.Protocol;

/// <summary>A tensor of the Open Inference Protocol with its elements.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">FP32, UINT8, INT64 or BYTES.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Data">float[], byte[] (UINT8), long[] or byte[][] (BYTES).</param>
internal sealed record InferTensor(string Name, string Datatype, long[] Shape, Array Data)
{
    private const int LengthBytes = sizeof(int);

    /// <summary>Number of elements that a shape asks for.</summary>
    /// <exception cref="ServingException">An extent is negative, or the product is out of range.</exception>
    public static int CountOf(string name, IReadOnlyList<long> shape)
    {
        long count = 1;
        foreach (long extent in shape)
        {
            if (extent < 0 || extent > int.MaxValue || (count *= extent) > int.MaxValue)
                throw ServingException.BadRequest($"The shape of '{Shown(name)}' is out of range.");
        }

        return (int)count;
    }

    /// <summary>Reads elements from little-endian bytes; an element of BYTES stands behind its length in four bytes.</summary>
    /// <exception cref="ServingException">There are more or fewer bytes than the shape asks for, or the type is not taken.</exception>
    public static InferTensor FromBytes(string name, string datatype, long[] shape, ReadOnlySpan<byte> bytes)
    {
        int count = CountOf(name, shape);
        switch (datatype)
        {
            case "FP32" when bytes.Length == (long)count * sizeof(float):
                float[] values = new float[count];
                bytes.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                return new InferTensor(name, datatype, shape, values);
            case "UINT8" when bytes.Length == count:
                return new InferTensor(name, datatype, shape, bytes.ToArray());
            case "BYTES":
                return new InferTensor(name, datatype, shape, Elements(name, count, bytes));
            case "FP32" or "UINT8":
                throw ServingException.BadRequest($"'{Shown(name)}' has {bytes.Length} bytes, and its shape asks for {count} elements of {datatype}.");
            default:
                throw ServingException.BadRequest($"The type {Shown(datatype)} of '{Shown(name)}' is not taken; send FP32, UINT8 or BYTES.");
        }
    }

    /// <summary>The elements as little-endian bytes.</summary>
    public byte[] ToBytes()
    {
        switch (Data)
        {
            case float[] values:
                return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
            case long[] values:
                return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
            case byte[] values:
                return values;
            default:
                byte[][] elements = (byte[][])Data;
                byte[] bytes = new byte[elements.Sum(element => LengthBytes + element.Length)];
                int at = 0;
                foreach (byte[] element in elements)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), element.Length);
                    element.CopyTo(bytes, at + LengthBytes);
                    at += LengthBytes + element.Length;
                }

                return bytes;
        }
    }

    /// <summary>What a client wrote, short enough for a message.</summary>
    public static string Shown(string text)
    {
        const int longest = 60;
        string plain = string.Concat(text.Take(longest).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return text.Length > longest ? plain + "…" : plain;
    }

    private static byte[][] Elements(string name, int count, ReadOnlySpan<byte> bytes)
    {
        // Every element has a length at least.
        if ((long)count * LengthBytes > bytes.Length)
            throw Wrong(name);
        byte[][] elements = new byte[count][];
        for (int i = 0; i < count; i++)
        {
            if (bytes.Length < LengthBytes)
                throw Wrong(name);
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if (length < 0 || length > bytes.Length - LengthBytes)
                throw Wrong(name);
            elements[i] = bytes.Slice(LengthBytes, length).ToArray();
            bytes = bytes[(LengthBytes + length)..];
        }

        return bytes.IsEmpty ? elements : throw Wrong(name);
    }

    private static ServingException Wrong(string name) => ServingException.BadRequest($"The bytes of '{Shown(name)}' are not the elements that its shape asks for, each behind its length in four bytes.");
}

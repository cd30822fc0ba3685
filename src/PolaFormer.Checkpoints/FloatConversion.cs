using System.Numerics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Little-endian elements of any type to 32-bit floats, and floats to the narrower float types.</summary>
internal static class FloatConversion
{
    private const uint SignBit = 0x8000_0000, Infinity = 0x7F80_0000;

    /// <summary>The first value that is infinite or NaN; -1 where all are finite.</summary>
    public static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        Vector<uint> exponent = new(Infinity);
        int at = 0;
        for (; at <= bits.Length - Vector<uint>.Count; at += Vector<uint>.Count)
            if (Vector.EqualsAny(new Vector<uint>(bits[at..]) & exponent, exponent))
                break;
        for (; at < bits.Length; at++)
            if ((bits[at] & Infinity) == Infinity)
                return at;
        return -1;
    }

    /// <summary>Converts as many elements as <paramref name="destination"/> holds.</summary>
    public static void ToFloat32(DType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case DType.Float32: source.CopyTo(MemoryMarshal.AsBytes(destination)); break;
            case DType.Float16: WidenHalves(MemoryMarshal.Cast<byte, ushort>(source), destination, isBFloat16: false); break;
            case DType.BFloat16: WidenHalves(MemoryMarshal.Cast<byte, ushort>(source), destination, isBFloat16: true); break;
            case DType.Float64: Convert<double>(source, destination); break;
            case DType.Int64: Convert<long>(source, destination); break;
            case DType.Int32: Convert<int>(source, destination); break;
            case DType.Int16: Convert<short>(source, destination); break;
            case DType.Int8: Convert<sbyte>(source, destination); break;
            case DType.UInt8: Convert<byte>(source, destination); break;
            case DType.Bool:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = source[i] != 0 ? 1 : 0;
                break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type.");
        }
    }

    /// <summary>Converts to a float type, rounding to nearest even.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not hold real numbers.</exception>
    public static void FromFloat32(DType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        switch (type)
        {
            case DType.Float32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case DType.Float16 or DType.BFloat16:
                NarrowToHalves(source, MemoryMarshal.Cast<byte, ushort>(destination), type == DType.BFloat16);
                break;
            case DType.Float64:
                Span<double> doubles = MemoryMarshal.Cast<byte, double>(destination);
                for (int i = 0; i < source.Length; i++)
                    doubles[i] = source[i];
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Not a floating-point type.");
        }
    }

    private static void Convert<T>(ReadOnlySpan<byte> source, Span<float> destination) where T : unmanaged, INumber<T>
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(source);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = float.CreateTruncating(elements[i]);
    }

    private static void WidenHalves(ReadOnlySpan<ushort> source, Span<float> destination, bool isBFloat16)
    {
        int width = Vector<ushort>.Count, i = 0;
        for (; i <= destination.Length - width; i += width)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            Widen(low, isBFloat16).CopyTo(destination[i..]);
            Widen(high, isBFloat16).CopyTo(destination[(i + (width / 2))..]);
        }

        for (; i < destination.Length; i++)
            destination[i] = Widen(new Vector<uint>(source[i]), isBFloat16)[0];
    }

    /// <summary>
    /// A bfloat16 is the upper half of a float. The bits of a half, moved into place, are the value times 2⁻¹¹²; an exponent
    /// of ones (infinity, NaN) is put back by hand.
    /// </summary>
    private static Vector<float> Widen(Vector<uint> bits, bool isBFloat16)
    {
        if (isBFloat16)
            return Vector.AsVectorSingle(bits << 16);
        Vector<uint> magnitude = bits & new Vector<uint>(0x7FFF), sign = (bits & new Vector<uint>(0x8000)) << 16;
        Vector<float> scaled = Vector.AsVectorSingle(magnitude << 13) * new Vector<float>(BitConverter.UInt32BitsToSingle((112 + 127) << 23));
        Vector<uint> special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7C00)) & new Vector<uint>(Infinity);
        return Vector.AsVectorSingle(Vector.AsVectorUInt32(scaled) | special | sign);
    }

    private static void NarrowToHalves(ReadOnlySpan<float> source, Span<ushort> destination, bool isBFloat16)
    {
        int width = Vector<ushort>.Count, i = 0;
        for (; i <= source.Length - width; i += width)
        {
            Vector<uint> low = Narrow(new Vector<float>(source[i..]), isBFloat16), high = Narrow(new Vector<float>(source[(i + (width / 2))..]), isBFloat16);
            Vector.Narrow(low, high).CopyTo(destination[i..]);
        }

        for (; i < source.Length; i++)
            destination[i] = (ushort)Narrow(new Vector<float>(source[i]), isBFloat16)[0];
    }

    private static Vector<uint> Narrow(Vector<float> value, bool isBFloat16)
    {
        Vector<uint> bits = Vector.AsVectorUInt32(value), magnitude = bits & new Vector<uint>(~SignBit), sign = (bits & new Vector<uint>(SignBit)) >> 16;
        Vector<uint> isNaN = Vector.GreaterThan(magnitude, new Vector<uint>(Infinity));
        return sign | (isBFloat16 ? NarrowToBFloat16(magnitude, isNaN) : NarrowToHalf(magnitude, isNaN));
    }

    /// <summary>A NaN gets a quiet bit, for its payload may lie wholly in the lost half.</summary>
    private static Vector<uint> NarrowToBFloat16(Vector<uint> magnitude, Vector<uint> isNaN)
    {
        Vector<uint> rounded = (magnitude + new Vector<uint>(0x7FFF) + ((magnitude >> 16) & Vector<uint>.One)) >> 16;
        return Vector.ConditionalSelect(isNaN, (magnitude >> 16) | new Vector<uint>(0x40), rounded);
    }

    private static Vector<uint> NarrowToHalf(Vector<uint> magnitude, Vector<uint> isNaN)
    {
        // Normal halves: the exponent moves from bias 127 to 15 while the lower 13 bits are rounded away.
        Vector<uint> normal = (magnitude - new Vector<uint>((112u << 23) - 0xFFF) + ((magnitude >> 13) & Vector<uint>.One)) >> 13;
        // Below 2⁻¹⁴ the spacing is 2⁻²⁴, which is that of the floats from ½ on: adding ½ rounds.
        Vector<uint> half = new(BitConverter.SingleToUInt32Bits(0.5f));
        Vector<uint> subnormal = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) + Vector.AsVectorSingle(half)) - half;
        Vector<uint> finite = Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<uint>(113u << 23)), subnormal, normal);
        Vector<uint> special = Vector.ConditionalSelect(isNaN, new Vector<uint>(0x7E00), new Vector<uint>(0x7C00));
        return Vector.ConditionalSelect(Vector.GreaterThanOrEqual(magnitude, new Vector<uint>((127u + 16) << 23)), special, finite);
    }
}

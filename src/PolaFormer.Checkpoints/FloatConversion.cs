using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Little-endian elements of any type to 32-bit floats, and floats to the narrower float types.</summary>
internal static class FloatConversion
{
    /// <summary>Converts as many elements as <paramref name="destination"/> holds.</summary>
    public static void ToFloat32(DType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case DType.Float32: source.CopyTo(MemoryMarshal.AsBytes(destination)); break;
            case DType.Float16: Convert<Half>(source, destination, static x => (float)x); break;
            case DType.BFloat16: Convert<ushort>(source, destination, static x => BitConverter.UInt32BitsToSingle((uint)x << 16)); break;
            case DType.Float64: Convert<double>(source, destination, static x => (float)x); break;
            case DType.Int64: Convert<long>(source, destination, static x => x); break;
            case DType.Int32: Convert<int>(source, destination, static x => x); break;
            case DType.Int16: Convert<short>(source, destination, static x => x); break;
            case DType.Int8: Convert<sbyte>(source, destination, static x => x); break;
            case DType.UInt8: Convert<byte>(source, destination, static x => x); break;
            case DType.Bool: Convert<byte>(source, destination, static x => x != 0 ? 1 : 0); break;
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
            case DType.Float16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(destination);
                for (int i = 0; i < source.Length; i++) halves[i] = (Half)source[i];
                break;
            case DType.BFloat16:
                Span<ushort> upper = MemoryMarshal.Cast<byte, ushort>(destination);
                for (int i = 0; i < source.Length; i++) upper[i] = ToBFloat16(source[i]);
                break;
            case DType.Float64:
                Span<double> doubles = MemoryMarshal.Cast<byte, double>(destination);
                for (int i = 0; i < source.Length; i++) doubles[i] = source[i];
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Not a floating-point type.");
        }
    }

    /// <summary>The nearest bfloat16, ties to even; a NaN stays one, for its payload may lie wholly in the lower half.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)(bits >> 16 | 0x40);
        return (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    private static void Convert<T>(ReadOnlySpan<byte> source, Span<float> destination, Func<T, float> convert) where T : unmanaged
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(source);
        for (int i = 0; i < destination.Length; i++) destination[i] = convert(elements[i]);
    }
}

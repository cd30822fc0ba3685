using System.Numerics;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Conversion between float32 and the types that only store values.</summary>
internal static unsafe class HalfConversion
{
    /// <summary>Widens (or, from float64 and large integers, rounds to the nearest, ties to even) to float32.</summary>
    public static void ToFloat32(DType type, void* source, float* destination, long count)
    {
        switch (type)
        {
            case DType.Float32: Buffer.MemoryCopy(source, destination, count * sizeof(float), count * sizeof(float)); break;
            case DType.Float16: Widen((Half*)source, destination, count); break;
            case DType.BFloat16: WidenBFloat16((ushort*)source, destination, count); break;
            case DType.Float64: Widen((double*)source, destination, count); break;
            case DType.Int64: Widen((long*)source, destination, count); break;
            case DType.Int32: Widen((int*)source, destination, count); break;
            case DType.Int16: Widen((short*)source, destination, count); break;
            case DType.Int8: Widen((sbyte*)source, destination, count); break;
            case DType.UInt8: Widen((byte*)source, destination, count); break;
            case DType.Bool:
                for (long i = 0; i < count; i++)
                    destination[i] = ((byte*)source)[i] == 0 ? 0 : 1;
                break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type.");
        }
    }

    /// <summary>
    /// Narrows from float32: to floating-point types rounded to the nearest, ties to even, overflow to ±∞; to integers towards 0,
    /// held at their limits, NaN to 0; to bool whether the value is not 0.
    /// </summary>
    public static void FromFloat32(float* source, DType type, void* destination, long count)
    {
        switch (type)
        {
            case DType.Float32: Buffer.MemoryCopy(source, destination, count * sizeof(float), count * sizeof(float)); break;
            case DType.Float16: Narrow(source, (Half*)destination, count); break;
            case DType.BFloat16: NarrowBFloat16(source, (ushort*)destination, count); break;
            case DType.Float64: Narrow(source, (double*)destination, count); break;
            case DType.Int64: Narrow(source, (long*)destination, count); break;
            case DType.Int32: Narrow(source, (int*)destination, count); break;
            case DType.Int16: Narrow(source, (short*)destination, count); break;
            case DType.Int8: Narrow(source, (sbyte*)destination, count); break;
            case DType.UInt8: Narrow(source, (byte*)destination, count); break;
            case DType.Bool:
                for (long i = 0; i < count; i++)
                    ((byte*)destination)[i] = source[i] == 0 ? (byte)0 : (byte)1;
                break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type.");
        }
    }

    private static void Widen<TElement>(TElement* source, float* destination, long count) where TElement : unmanaged, INumberBase<TElement>
    {
        for (long i = 0; i < count; i++)
            destination[i] = float.CreateSaturating(source[i]);
    }

    private static void Narrow<TElement>(float* source, TElement* destination, long count) where TElement : unmanaged, INumberBase<TElement>
    {
        for (long i = 0; i < count; i++)
            destination[i] = TElement.CreateSaturating(source[i]);
    }

    private static void WidenBFloat16(ushort* source, float* destination, long count)
    {
        for (long i = 0; i < count; i++)
            destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }

    private static void NarrowBFloat16(float* source, ushort* destination, long count)
    {
        for (long i = 0; i < count; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            // Half an ulp less one, plus the last kept bit: rounds to the nearest, ties to even. A NaN must not round to ∞.
            destination[i] = float.IsNaN(source[i]) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>8 float32 lanes in a 256-bit vector.</summary>
internal readonly unsafe struct Float32x8(Vector256<float> value) : IFloat32Vector<Float32x8>
{
    public readonly Vector256<float> Value = value;

    public static int Count => 8;

    public static Float32x8 Zero => new(Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Create(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 CreateBits(int value) => new(Vector256.Create(value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float32x8 value, float* destination) => value.Value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 LoadPartial(float* source, int count)
    {
        if (Avx.IsSupported)
            return new(Avx.MaskLoad(source, FirstLanes(count).Value));
        Vector256<float> buffer = default;
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(&buffer, 8));
        return new(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Float32x8 value, float* destination, int count)
    {
        if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, FirstLanes(count).Value, value.Value);
            return;
        }

        Vector256<float> buffer = value.Value;
        new ReadOnlySpan<float>(&buffer, count).CopyTo(new Span<float>(destination, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator +(Float32x8 a, Float32x8 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator -(Float32x8 a, Float32x8 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator -(Float32x8 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator *(Float32x8 a, Float32x8 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator /(Float32x8 a, Float32x8 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator &(Float32x8 a, Float32x8 b) => new(a.Value & b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator |(Float32x8 a, Float32x8 b) => new(a.Value | b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 operator ^(Float32x8 a, Float32x8 b) => new(a.Value ^ b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 MultiplyAdd(Float32x8 a, Float32x8 b, Float32x8 c) => new(Vector256.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 FusedMultiplyAdd(Float32x8 a, Float32x8 b, Float32x8 c) => new(Vector256.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Min(Float32x8 a, Float32x8 b) => new(Vector256.MinNative(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Max(Float32x8 a, Float32x8 b) => new(Vector256.MaxNative(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Abs(Float32x8 a) => new(Vector256.Abs(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Sqrt(Float32x8 a) => new(Vector256.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 LessThan(Float32x8 a, Float32x8 b) => new(Vector256.LessThan(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 GreaterThan(Float32x8 a, Float32x8 b) => new(Vector256.GreaterThan(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Equal(Float32x8 a, Float32x8 b) => new(Vector256.Equals(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Select(Float32x8 mask, Float32x8 whenTrue, Float32x8 whenFalse) =>
        new(Vector256.ConditionalSelect(mask.Value, whenTrue.Value, whenFalse.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Float32x8 mask) => mask.Value.AsInt32() != Vector256<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 FirstLanes(int count) => new(Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 AddBits(Float32x8 a, Float32x8 b) => new((a.Value.AsInt32() + b.Value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 SubtractBits(Float32x8 a, Float32x8 b) => new((a.Value.AsInt32() - b.Value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 ShiftLeft(Float32x8 a, int count) => new((a.Value.AsInt32() << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 ShiftRight(Float32x8 a, int count) => new((a.Value.AsInt32() >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 ConvertBits(Float32x8 a) => new(Vector256.ConvertToSingle(a.Value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x8 Scale(Float32x8 a, Float32x8 n)
    {
        // Two factors, since one power of two cannot reach from 1 into the subnormals or beyond the largest number.
        Vector256<int> exponent = Vector256.ConvertToInt32Native(n.Value), half = exponent >> 1, bias = Vector256.Create(127);
        return new(a.Value * ((half + bias) << 23).AsSingle() * ((exponent - half + bias) << 23).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Float32x8 a) => Float32x4.Sum(new(a.Value.GetLower() + a.Value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Float32x8 a) => Float32x4.MaxLane(new(Vector128.Max(a.Value.GetLower(), a.Value.GetUpper())));
}

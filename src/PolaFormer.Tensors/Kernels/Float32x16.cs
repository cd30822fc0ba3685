using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>16 float32 lanes in a 512-bit vector.</summary>
internal readonly unsafe struct Float32x16(Vector512<float> value) : IFloat32Vector<Float32x16>
{
    public readonly Vector512<float> Value = value;

    public static int Count => 16;

    public static Float32x16 Zero => new(Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 CreateBits(int value) => new(Vector512.Create(value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float32x16 value, float* destination) => value.Value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 LoadPartial(float* source, int count)
    {
        if (Avx512F.IsSupported)
            return new(Avx512F.MaskLoad(source, FirstLanes(count).Value, Vector512<float>.Zero));
        Vector512<float> buffer = default;
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(&buffer, 16));
        return new(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Float32x16 value, float* destination, int count)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.MaskStore(destination, FirstLanes(count).Value, value.Value);
            return;
        }

        Vector512<float> buffer = value.Value;
        new ReadOnlySpan<float>(&buffer, count).CopyTo(new Span<float>(destination, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator +(Float32x16 a, Float32x16 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator -(Float32x16 a, Float32x16 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator -(Float32x16 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator *(Float32x16 a, Float32x16 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator /(Float32x16 a, Float32x16 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator &(Float32x16 a, Float32x16 b) => new(a.Value & b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator |(Float32x16 a, Float32x16 b) => new(a.Value | b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 operator ^(Float32x16 a, Float32x16 b) => new(a.Value ^ b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 MultiplyAdd(Float32x16 a, Float32x16 b, Float32x16 c) => new(Vector512.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 FusedMultiplyAdd(Float32x16 a, Float32x16 b, Float32x16 c) => new(Vector512.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Min(Float32x16 a, Float32x16 b) => new(Vector512.MinNative(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Max(Float32x16 a, Float32x16 b) => new(Vector512.MaxNative(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Abs(Float32x16 a) => new(Vector512.Abs(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Sqrt(Float32x16 a) => new(Vector512.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 LessThan(Float32x16 a, Float32x16 b) => new(Vector512.LessThan(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 GreaterThan(Float32x16 a, Float32x16 b) => new(Vector512.GreaterThan(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Equal(Float32x16 a, Float32x16 b) => new(Vector512.Equals(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Select(Float32x16 mask, Float32x16 whenTrue, Float32x16 whenFalse) =>
        new(Vector512.ConditionalSelect(mask.Value, whenTrue.Value, whenFalse.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Float32x16 mask) => mask.Value.AsInt32() != Vector512<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 FirstLanes(int count) => new(Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 AddBits(Float32x16 a, Float32x16 b) => new((a.Value.AsInt32() + b.Value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 SubtractBits(Float32x16 a, Float32x16 b) => new((a.Value.AsInt32() - b.Value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 ShiftLeft(Float32x16 a, int count) => new((a.Value.AsInt32() << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 ShiftRight(Float32x16 a, int count) => new((a.Value.AsInt32() >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 ConvertBits(Float32x16 a) => new(Vector512.ConvertToSingle(a.Value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x16 Scale(Float32x16 a, Float32x16 n)
    {
        if (Avx512F.IsSupported)
            return new(Avx512F.Scale(a.Value, n.Value));

        // Two factors, since one power of two cannot reach from 1 into the subnormals or beyond the largest number.
        Vector512<int> exponent = Vector512.ConvertToInt32Native(n.Value), half = exponent >> 1, bias = Vector512.Create(127);
        return new(a.Value * ((half + bias) << 23).AsSingle() * ((exponent - half + bias) << 23).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Float32x16 a) => Float32x8.Sum(new(a.Value.GetLower() + a.Value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Float32x16 a) => Float32x8.MaxLane(new(Vector256.Max(a.Value.GetLower(), a.Value.GetUpper())));
}

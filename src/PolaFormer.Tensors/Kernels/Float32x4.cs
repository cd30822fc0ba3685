using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>4 float32 lanes in a 128-bit vector.</summary>
internal readonly unsafe struct Float32x4(Vector128<float> value) : IFloat32Vector<Float32x4>
{
    public readonly Vector128<float> Value = value;

    public static int Count => 4;

    public static Float32x4 Zero => new(Vector128<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Create(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 CreateBits(int value) => new(Vector128.Create(value).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float32x4 value, float* destination) => value.Value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 LoadPartial(float* source, int count)
    {
        if (Avx.IsSupported)
            return new(Avx.MaskLoad(source, FirstLanes(count).Value));
        Vector128<float> buffer = default;
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(&buffer, 4));
        return new(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Float32x4 value, float* destination, int count)
    {
        if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, FirstLanes(count).Value, value.Value);
            return;
        }

        Vector128<float> buffer = value.Value;
        new ReadOnlySpan<float>(&buffer, count).CopyTo(new Span<float>(destination, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator +(Float32x4 a, Float32x4 b) => new(a.Value + b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator -(Float32x4 a, Float32x4 b) => new(a.Value - b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator -(Float32x4 a) => new(-a.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator *(Float32x4 a, Float32x4 b) => new(a.Value * b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator /(Float32x4 a, Float32x4 b) => new(a.Value / b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator &(Float32x4 a, Float32x4 b) => new(a.Value & b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator |(Float32x4 a, Float32x4 b) => new(a.Value | b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 operator ^(Float32x4 a, Float32x4 b) => new(a.Value ^ b.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 MultiplyAdd(Float32x4 a, Float32x4 b, Float32x4 c) => new(Vector128.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 FusedMultiplyAdd(Float32x4 a, Float32x4 b, Float32x4 c) => new(Vector128.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Min(Float32x4 a, Float32x4 b) => new(Vector128.MinNative(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Max(Float32x4 a, Float32x4 b) => new(Vector128.MaxNative(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Abs(Float32x4 a) => new(Vector128.Abs(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Sqrt(Float32x4 a) => new(Vector128.Sqrt(a.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 LessThan(Float32x4 a, Float32x4 b) => new(Vector128.LessThan(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 GreaterThan(Float32x4 a, Float32x4 b) => new(Vector128.GreaterThan(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Equal(Float32x4 a, Float32x4 b) => new(Vector128.Equals(a.Value, b.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Select(Float32x4 mask, Float32x4 whenTrue, Float32x4 whenFalse) =>
        new(Vector128.ConditionalSelect(mask.Value, whenTrue.Value, whenFalse.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Float32x4 mask) => mask.Value.AsInt32() != Vector128<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 FirstLanes(int count) => new(Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(count)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 AddBits(Float32x4 a, Float32x4 b) => new((a.Value.AsInt32() + b.Value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 SubtractBits(Float32x4 a, Float32x4 b) => new((a.Value.AsInt32() - b.Value.AsInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 ShiftLeft(Float32x4 a, int count) => new((a.Value.AsInt32() << count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 ShiftRight(Float32x4 a, int count) => new((a.Value.AsInt32() >> count).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 ConvertBits(Float32x4 a) => new(Vector128.ConvertToSingle(a.Value.AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32x4 Scale(Float32x4 a, Float32x4 n)
    {
        // Two factors, since one power of two cannot reach from 1 into the subnormals or beyond the largest number.
        Vector128<int> exponent = Vector128.ConvertToInt32Native(n.Value), half = exponent >> 1, bias = Vector128.Create(127);
        return new(a.Value * ((half + bias) << 23).AsSingle() * ((exponent - half + bias) << 23).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Float32x4 a) => (a.Value[0] + a.Value[2]) + (a.Value[1] + a.Value[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Float32x4 a) => MathF.Max(MathF.Max(a.Value[0], a.Value[2]), MathF.Max(a.Value[1], a.Value[3]));
}

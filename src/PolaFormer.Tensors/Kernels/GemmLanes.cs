using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>The operations on vectors that the matrix product needs. One register tile is Rows × 2·Width.</summary>
internal unsafe interface IGemmLanes<TVector>
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Rows of a register tile, at most 14: two accumulators a row, two of B and one of A fit the registers.</summary>
    static abstract int Rows { get; }

    static abstract TVector Load(float* source);
    static abstract TVector LoadFirst(float* source, int count);
    static abstract TVector Broadcast(float value);
    static abstract TVector LoadBroadcast(float* source);
    static abstract TVector Add(TVector left, TVector right);
    static abstract TVector Multiply(TVector left, TVector right);

    /// <summary>left·right + addend; fused or not, but the same way everywhere on one machine.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);
    static abstract void Store(float* target, TVector value);
    static abstract void StoreFirst(float* target, TVector value, int count);
}

/// <summary>AVX-512: 14 × 32 of the 32 registers' floats. Used wherever it exists, also where the runtime prefers 256 bits.</summary>
internal readonly unsafe struct Avx512Lanes : IGemmLanes<Vector512<float>>
{
    public static bool IsSupported => Avx512F.IsSupported;
    public static int Width => 16;
    public static int Rows => 14;

    public static Vector512<float> Load(float* source) => Avx512F.LoadVector512(source);
    public static Vector512<float> LoadFirst(float* source, int count) =>
        Avx512F.MaskLoad(source, First(count), Vector512<float>.Zero);
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);
    public static Vector512<float> LoadBroadcast(float* source) => Vector512.Create(*source);
    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => Avx512F.Add(left, right);
    public static Vector512<float> Multiply(Vector512<float> left, Vector512<float> right) => Avx512F.Multiply(left, right);
    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) =>
        Avx512F.FusedMultiplyAdd(left, right, addend);
    public static void Store(float* target, Vector512<float> value) => Avx512F.Store(target, value);
    public static void StoreFirst(float* target, Vector512<float> value, int count) =>
        Avx512F.MaskStore(target, First(count), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> First(int count) =>
        Avx512F.CompareLessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();
}

/// <summary>AVX2 with FMA: 6 × 16.</summary>
internal readonly unsafe struct Avx2Lanes : IGemmLanes<Vector256<float>>
{
    public static bool IsSupported => Vector256.IsHardwareAccelerated && Fma.IsSupported;
    public static int Width => 8;
    public static int Rows => 6;

    public static Vector256<float> Load(float* source) => Vector256.Load(source);
    public static Vector256<float> LoadFirst(float* source, int count) => Avx.MaskLoad(source, First(count));
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);
    public static Vector256<float> LoadBroadcast(float* source) => Vector256.Create(*source);
    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;
    public static Vector256<float> Multiply(Vector256<float> left, Vector256<float> right) => left * right;
    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) =>
        Fma.MultiplyAdd(left, right, addend);
    public static void Store(float* target, Vector256<float> value) => value.Store(target);
    public static void StoreFirst(float* target, Vector256<float> value, int count) =>
        Avx.MaskStore(target, First(count), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> First(int count) =>
        Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();
}

/// <summary>NEON with 32 registers: 12 × 8; SSE with 16: 6 × 8.</summary>
internal readonly unsafe struct Vector128Lanes : IGemmLanes<Vector128<float>>
{
    public static bool IsSupported => Vector128.IsHardwareAccelerated;
    public static int Width => 4;
    public static int Rows => AdvSimd.IsSupported ? 12 : 6;

    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    public static Vector128<float> LoadFirst(float* source, int count)
    {
        if (count >= 4)
            return Vector128.Load(source);
        Vector128<float> value = Vector128<float>.Zero;
        for (int i = 0; i < count; i++)
            value = value.WithElement(i, source[i]);
        return value;
    }

    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);
    public static Vector128<float> LoadBroadcast(float* source) => Vector128.Create(*source);
    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;
    public static Vector128<float> Multiply(Vector128<float> left, Vector128<float> right) => left * right;
    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) =>
        Vector128.MultiplyAddEstimate(left, right, addend);
    public static void Store(float* target, Vector128<float> value) => value.Store(target);

    public static void StoreFirst(float* target, Vector128<float> value, int count)
    {
        if (count >= 4)
        {
            value.Store(target);
            return;
        }
        for (int i = 0; i < count; i++)
            target[i] = value.GetElement(i);
    }
}

/// <summary>No vectors: 4 × 2.</summary>
internal readonly unsafe struct ScalarLanes : IGemmLanes<float>
{
    public static int Width => 1;
    public static int Rows => 4;

    public static float Load(float* source) => *source;
    public static float LoadFirst(float* source, int count) => count > 0 ? *source : 0;
    public static float Broadcast(float value) => value;
    public static float LoadBroadcast(float* source) => *source;
    public static float Add(float left, float right) => left + right;
    public static float Multiply(float left, float right) => left * right;
    public static float MultiplyAdd(float left, float right, float addend) => (left * right) + addend;
    public static void Store(float* target, float value) => *target = value;

    public static void StoreFirst(float* target, float value, int count)
    {
        if (count > 0)
            *target = value;
    }
}

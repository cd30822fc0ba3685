using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PolaFormer.Tensors.Kernels;

// The same functions for kernels that are written for one width.
internal static partial class VectorMath
{
    /// <inheritdoc cref="Exp{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x) => Exp(new Float32x16(x)).Value;

    /// <inheritdoc cref="ExpMinusOne{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ExpMinusOne(Vector512<float> x) => ExpMinusOne(new Float32x16(x)).Value;

    /// <inheritdoc cref="Log{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Log(Vector512<float> x) => Log(new Float32x16(x)).Value;

    /// <inheritdoc cref="Sigmoid{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Sigmoid(new Float32x16(x)).Value;

    /// <inheritdoc cref="Softplus{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Softplus(Vector512<float> x) => Softplus(new Float32x16(x)).Value;

    /// <inheritdoc cref="Tanh{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x) => Tanh(new Float32x16(x)).Value;

    /// <inheritdoc cref="Erf{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Erf(Vector512<float> x) => Erf(new Float32x16(x)).Value;

    /// <inheritdoc cref="Sin{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sin(Vector512<float> x) => Sin(new Float32x16(x)).Value;

    /// <inheritdoc cref="Cos{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Cos(Vector512<float> x) => Cos(new Float32x16(x)).Value;

    /// <inheritdoc cref="Pow{T}(T, T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Pow(Vector512<float> x, Vector512<float> p) => Pow(new Float32x16(x), new Float32x16(p)).Value;

    /// <inheritdoc cref="Exp{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x) => Exp(new Float32x8(x)).Value;

    /// <inheritdoc cref="ExpMinusOne{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ExpMinusOne(Vector256<float> x) => ExpMinusOne(new Float32x8(x)).Value;

    /// <inheritdoc cref="Log{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Log(Vector256<float> x) => Log(new Float32x8(x)).Value;

    /// <inheritdoc cref="Sigmoid{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sigmoid(Vector256<float> x) => Sigmoid(new Float32x8(x)).Value;

    /// <inheritdoc cref="Softplus{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Softplus(Vector256<float> x) => Softplus(new Float32x8(x)).Value;

    /// <inheritdoc cref="Tanh{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Tanh(Vector256<float> x) => Tanh(new Float32x8(x)).Value;

    /// <inheritdoc cref="Erf{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Erf(Vector256<float> x) => Erf(new Float32x8(x)).Value;

    /// <inheritdoc cref="Sin{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sin(Vector256<float> x) => Sin(new Float32x8(x)).Value;

    /// <inheritdoc cref="Cos{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Cos(Vector256<float> x) => Cos(new Float32x8(x)).Value;

    /// <inheritdoc cref="Pow{T}(T, T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Pow(Vector256<float> x, Vector256<float> p) => Pow(new Float32x8(x), new Float32x8(p)).Value;

    /// <inheritdoc cref="Exp{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Exp(Vector128<float> x) => Exp(new Float32x4(x)).Value;

    /// <inheritdoc cref="ExpMinusOne{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ExpMinusOne(Vector128<float> x) => ExpMinusOne(new Float32x4(x)).Value;

    /// <inheritdoc cref="Log{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Log(Vector128<float> x) => Log(new Float32x4(x)).Value;

    /// <inheritdoc cref="Sigmoid{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sigmoid(Vector128<float> x) => Sigmoid(new Float32x4(x)).Value;

    /// <inheritdoc cref="Softplus{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Softplus(Vector128<float> x) => Softplus(new Float32x4(x)).Value;

    /// <inheritdoc cref="Tanh{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Tanh(Vector128<float> x) => Tanh(new Float32x4(x)).Value;

    /// <inheritdoc cref="Erf{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Erf(Vector128<float> x) => Erf(new Float32x4(x)).Value;

    /// <inheritdoc cref="Sin{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sin(Vector128<float> x) => Sin(new Float32x4(x)).Value;

    /// <inheritdoc cref="Cos{T}(T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Cos(Vector128<float> x) => Cos(new Float32x4(x)).Value;

    /// <inheritdoc cref="Pow{T}(T, T)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Pow(Vector128<float> x, Vector128<float> p) => Pow(new Float32x4(x), new Float32x4(p)).Value;
}

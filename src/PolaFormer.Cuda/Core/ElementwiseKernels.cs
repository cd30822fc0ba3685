using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Functions of one, two and three tensors (elementwise.cu).</summary>
internal static class ElementwiseKernels
{
    // Relations come after the functions of two.
    private const int FirstComparison = (int)BinaryFunction.PowGradientExponent + 1;

    /// <summary>y = f(x); <paramref name="isQuick"/>: with the hardware's exponential where there is one in it.</summary>
    public static void Unary(IKernelQueue queue, StorageType type, UnaryFunction function, nint x, nint y, long count, bool isQuick = false) => Map(
        queue, $"unary_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Out = y, Count = count, Function = (int)function, IsQuick = IsQuick(type, isQuick) });

    /// <summary>dx = f′(x)·dy; <paramref name="y"/> is f(x).</summary>
    public static void UnaryGradient(IKernelQueue queue, StorageType type, UnaryFunction function, nint x, nint y, nint dy, nint dx, long count, bool isQuick = false) => Map(
        queue, $"unary_gradient_{LaunchShape.Suffix(type)}",
        new MapArguments { X = x, Y = y, DY = dy, Out = dx, Count = count, Function = (int)function, IsQuick = IsQuick(type, isQuick) });

    /// <summary>y = f(x), and dy becomes f′(x)·dy.</summary>
    public static void ActivateBoth(IKernelQueue queue, StorageType type, UnaryFunction function, nint x, nint y, nint dy, long count) => Map(
        queue, $"activate_both_{LaunchShape.Suffix(type)}",
        new MapArguments { X = x, Y = y, DY = dy, Out = dy, Count = count, Function = (int)function, IsQuick = IsQuick(type, false) });

    /// <summary>y = scale·x + offset.</summary>
    public static void Affine(IKernelQueue queue, StorageType type, nint x, float scale, float offset, nint y, long count) =>
        Map(queue, $"affine_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Out = y, Count = count, A = scale, B = offset });

    /// <summary>y = a·x + b·y.</summary>
    public static void AddScaled(IKernelQueue queue, StorageType type, nint x, float a, nint y, float b, long count) =>
        Map(queue, $"affine_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Y = y, Out = y, Count = count, A = a, B = b });

    /// <summary>Copies into the other storage type.</summary>
    public static void Convert(IKernelQueue queue, StorageType from, nint x, nint y, long count) =>
        Map(queue, from == StorageType.Float ? "float_to_bf16" : "bf16_to_float", new MapArguments { X = x, Out = y, Count = count });

    /// <summary>result = f(x, y), without gaps, for the elements of a walk over both.</summary>
    public static void Binary(IKernelQueue queue, StorageType type, BinaryFunction function, nint x, nint y, nint result, in Walk walk) =>
        Binary(queue, type, (int)function, x, y, result, walk);

    /// <summary>result = 1 where a relation holds, else 0.</summary>
    public static void Compare(IKernelQueue queue, Comparison comparison, nint x, nint y, nint result, in Walk walk) =>
        Binary(queue, StorageType.Float, FirstComparison + (int)comparison, x, y, result, walk);

    /// <summary>result = x where the condition is not 0, y where it is; an operand of 0 is the value 0.</summary>
    public static void Choose(IKernelQueue queue, nint condition, nint x, nint y, nint result, long count) => queue.Launch(
        "elementwise", "choose", LaunchShape.Filling(queue, count), LaunchShape.Threads, 0,
        new ChooseArguments { Condition = condition, X = x, Y = y, Out = result, Count = count });

    /// <summary>y = value.</summary>
    public static void Fill(IKernelQueue queue, nint y, float value, long count) => queue.Launch(
        "elementwise", "fill", LaunchShape.Filling(queue, count), LaunchShape.Threads, 0, new FillArguments { Y = y, Count = count, Value = value });

    private static void Binary(IKernelQueue queue, StorageType type, int function, nint x, nint y, nint result, in Walk walk) => queue.Launch(
        "elementwise", $"binary_{LaunchShape.Suffix(type)}", LaunchShape.Filling(queue, walk.Count), LaunchShape.Threads, 0,
        new BinaryArguments { X = x, Y = y, Out = result, Walk = walk, Function = function });

    // bfloat16 has no room for the difference.
    private static int IsQuick(StorageType type, bool isQuick) => isQuick || type == StorageType.BFloat16 ? 1 : 0;

    private static void Map(IKernelQueue queue, string kernel, in MapArguments arguments) =>
        queue.Launch("elementwise", kernel, LaunchShape.Filling(queue, arguments.Count), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct MapArguments
    {
        public nint X, Y, DY, Out;
        public long Count;
        public int Function;
        public float A, B;
        public int IsQuick;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BinaryArguments
    {
        public nint X, Y, Out;
        public Walk Walk;
        public int Function;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ChooseArguments
    {
        public nint Condition, X, Y, Out;
        public long Count;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct FillArguments
    {
        public nint Y;
        public long Count;
        public float Value;
    }
}

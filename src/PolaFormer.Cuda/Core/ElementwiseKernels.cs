using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Functions of one and of two tensors (elementwise.cu).</summary>
internal static unsafe class ElementwiseKernels
{
    /// <summary>Dimensions that broadcasting may have, after neighbouring ones were put together.</summary>
    public const int MostDimensions = 4;

    /// <summary>y = f(x).</summary>
    public static void Unary(IKernelQueue queue, StorageType type, UnaryFunction function, nint x, nint y, long count) =>
        Map(queue, $"unary_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Out = y, Count = count, Function = (int)function });

    /// <summary>dx = f′(x)·dy; <paramref name="y"/> is f(x).</summary>
    public static void UnaryGradient(IKernelQueue queue, StorageType type, UnaryFunction function, nint x, nint y, nint dy, nint dx, long count) =>
        Map(queue, $"unary_gradient_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Y = y, DY = dy, Out = dx, Count = count, Function = (int)function });

    /// <summary>y = scale·x + offset.</summary>
    public static void Affine(IKernelQueue queue, StorageType type, nint x, float scale, float offset, nint y, long count) =>
        Map(queue, $"affine_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Out = y, Count = count, A = scale, B = offset });

    /// <summary>y = a·x + b·y.</summary>
    public static void AddScaled(IKernelQueue queue, StorageType type, nint x, float a, nint y, float b, long count) =>
        Map(queue, $"affine_{LaunchShape.Suffix(type)}", new MapArguments { X = x, Y = y, Out = y, Count = count, A = a, B = b });

    /// <summary>Copies into the other storage type.</summary>
    public static void Convert(IKernelQueue queue, StorageType from, nint x, nint y, long count) =>
        Map(queue, from == StorageType.Float ? "float_to_bf16" : "bf16_to_float", new MapArguments { X = x, Out = y, Count = count });

    /// <summary>out = f(x, y) with the extents of <paramref name="extents"/>; a stride of 0 broadcasts.</summary>
    public static void Binary(
        IKernelQueue queue, StorageType type, BinaryFunction function, nint x, nint y, nint result,
        ReadOnlySpan<int> extents, ReadOnlySpan<long> xStrides, ReadOnlySpan<long> yStrides)
    {
        if (extents.Length > MostDimensions)
            throw new ArgumentException($"Broadcasting over {extents.Length} dimensions; at most {MostDimensions} are known.", nameof(extents));
        var arguments = new BinaryArguments { X = x, Y = y, Out = result, Count = 1, Function = (int)function };
        int skipped = MostDimensions - extents.Length;
        for (int i = 0; i < MostDimensions; i++)
        {
            arguments.Extents[i] = i < skipped ? 1 : extents[i - skipped];
            arguments.XStrides[i] = i < skipped ? 0 : xStrides[i - skipped];
            arguments.YStrides[i] = i < skipped ? 0 : yStrides[i - skipped];
            arguments.Count *= arguments.Extents[i];
        }

        queue.Launch("elementwise", $"binary_{LaunchShape.Suffix(type)}", LaunchShape.Filling(queue, arguments.Count), LaunchShape.Threads, 0, arguments);
    }

    private static void Map(IKernelQueue queue, string kernel, in MapArguments arguments) =>
        queue.Launch("elementwise", kernel, LaunchShape.Filling(queue, arguments.Count), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct MapArguments
    {
        public nint X, Y, DY, Out;
        public long Count;
        public int Function;
        public float A, B;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BinaryArguments
    {
        public nint X, Y, Out;
        public long Count;
        public fixed int Extents[MostDimensions];
        public fixed long XStrides[MostDimensions];
        public fixed long YStrides[MostDimensions];
        public int Function;
    }
}

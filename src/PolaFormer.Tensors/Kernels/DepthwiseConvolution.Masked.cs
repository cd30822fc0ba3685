using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class DepthwiseConvolution
{
    /// <summary>A line of pixels times their factors, contiguous in the thread's scratch.</summary>
    private static float* Masked<T>(int pixels, int channels, float* x, nint xStride, float* mask) where T : unmanaged, IFloat32Vector<T>
    {
        float* masked = ThreadScratch.Floats(ScratchPurpose.ConvolutionRows, (long)pixels * channels);
        Multiply<T>(pixels, channels, x, xStride, mask, masked, channels);
        return masked;
    }

    /// <summary>Rows times a factor each; <paramref name="target"/> may be <paramref name="x"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<T>(int rows, int channels, float* x, nint xStride, float* factors, float* target, nint targetStride) where T : unmanaged, IFloat32Vector<T>
    {
        for (int row = 0; row < rows; row++, x += xStride, target += targetStride)
        {
            T factor = T.Create(factors[row]);
            int c = 0;
            for (; c <= channels - T.Count; c += T.Count)
                T.Store(T.Load(x + c) * factor, target + c);
            if (c < channels)
                T.StorePartial(T.LoadPartial(x + c, channels - c) * factor, target + c, channels - c);
        }
    }
}

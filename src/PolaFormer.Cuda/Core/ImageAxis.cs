using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>How each output position of one axis of an image weighs the input positions, as image.cu has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct ImageAxis
{
    // Those of interpolation are the numbers of its modes.
    private const int AdaptiveAverage = 4, Average = 5;

    private readonly int _kind, _inputs, _outputs, _kernel, _stride, _padding;

    private ImageAxis(int kind, int inputs, int outputs, PoolWindow window = default)
    {
        (_kind, _inputs, _outputs) = (kind, inputs, outputs);
        (_kernel, _stride, _padding) = window;
    }

    /// <summary>Interpolation.</summary>
    public static ImageAxis Of(InterpolationMode mode, int inputs, int outputs) =>
        new((int)mode, inputs, outputs);

    /// <summary>Average pooling.</summary>
    public static ImageAxis Of(PoolFunction function, PoolWindow window, int inputs, int outputs) =>
        function == PoolFunction.AdaptiveAverage ? new ImageAxis(AdaptiveAverage, inputs, outputs) : new ImageAxis(Average, inputs, outputs, window);
}

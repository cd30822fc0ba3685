using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class DepthwiseConvolution
{
    /// <summary>The gradient of the input where the kernel steps over pixels: each input pixel gathers from the outputs that saw it.</summary>
    private struct StridedInputBody : IParallelBody
    {
        public DepthwiseShape Shape;
        public float* Weight, Dy, Dx;

        public readonly void Run(int part)
        {
            var (from, to) = Workers.Range(Shape.InLines, Shape.Parts, part);
            for (var line = from; line < to; line++)
            {
                if (VectorWidth.Is512) Line<Float32x16>(line);
                else if (VectorWidth.Is256) Line<Float32x8>(line);
                else Line<Float32x4>(line);
            }
        }

        private readonly void Line<T>(int line) where T : unmanaged, IFloat32Vector<T>
        {
            ref readonly var shape = ref Shape.Convolution;
            var (image, y) = Math.DivRem(line, shape.Height);
            var channels = Shape.Channels;
            for (var x = 0; x < shape.Width; x++)
            {
                var target = Dx + ((nint)line * shape.Width + x) * Shape.InputStride;
                for (var c = 0; c < channels; c += T.Count)
                {
                    var count = Math.Min(T.Count, channels - c);
                    var sum = T.Zero;
                    for (var ky = 0; ky < shape.KernelHeight; ky++)
                    {
                        if (!Visits(y + shape.PadH - ky * shape.DilationH, shape.StrideH, shape.OutHeight, out var oy)) continue;
                        for (var kx = 0; kx < shape.KernelWidth; kx++)
                        {
                            if (!Visits(x + shape.PadW - kx * shape.DilationW, shape.StrideW, shape.OutWidth, out var ox)) continue;
                            var dy = Dy + ((nint)(image * shape.OutHeight + oy) * shape.OutWidth + ox) * channels + c;
                            sum = T.MultiplyAdd(Load<T>(dy, count), Load<T>(Weight + (nint)(ky * shape.KernelWidth + kx) * channels + c, count), sum);
                        }
                    }
                    Store(sum, target + c, count);
                }
            }
        }

        /// <summary>Whether an output starts at <paramref name="position"/>, and which.</summary>
        private static bool Visits(int position, int stride, int outputs, out int output)
        {
            output = position / stride;
            return position >= 0 && position == output * stride && output < outputs;
        }
    }
}

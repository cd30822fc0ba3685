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
            (int from, int to) = Workers.Range(Shape.InLines, Shape.Parts, part);
            for (int line = from; line < to; line++)
            {
                if (VectorWidth.Is512)
                    Line<Float32x16>(line);
                else if (VectorWidth.Is256)
                    Line<Float32x8>(line);
                else
                    Line<Float32x4>(line);
            }
        }

        private readonly void Line<T>(int line) where T : unmanaged, IFloat32Vector<T>
        {
            ref readonly ConvolutionShape shape = ref Shape.Convolution;
            (int image, int y) = Math.DivRem(line, shape.Height);
            int channels = Shape.Channels;
            for (int x = 0; x < shape.Width; x++)
            {
                float* target = Dx + ((((nint)line * shape.Width) + x) * Shape.InputStride);
                for (int c = 0; c < channels; c += T.Count)
                {
                    int count = Math.Min(T.Count, channels - c);
                    T sum = T.Zero;
                    for (int ky = 0; ky < shape.KernelHeight; ky++)
                    {
                        if (!Visits(y + shape.PadH - (ky * shape.DilationH), shape.StrideH, shape.OutHeight, out int oy))
                            continue;
                        for (int kx = 0; kx < shape.KernelWidth; kx++)
                        {
                            if (!Visits(x + shape.PadW - (kx * shape.DilationW), shape.StrideW, shape.OutWidth, out int ox))
                                continue;
                            float* dy = Dy + ((((nint)((image * shape.OutHeight) + oy) * shape.OutWidth) + ox) * channels) + c;
                            sum = T.MultiplyAdd(Load<T>(dy, count), Load<T>(Weight + ((nint)((ky * shape.KernelWidth) + kx) * channels) + c, count), sum);
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

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class Convolution2D
{
    /// <summary>
    /// Writes one row (kh, kw, Cin / groups) for each of <paramref name="count"/> output pixels: what lies under the kernel,
    /// 0 outside the image. A tap takes <paramref name="width"/> floats, 0 behind the inputs.
    /// </summary>
    private static void Gather(in ConvolutionShape shape, float* x, int group, int fromPixel, int count, float* target, int width)
    {
        int inputs = shape.InChannels / shape.Groups;
        bool whole = shape.Groups == 1 && shape.DilationW == 1 && width == inputs;
        for (int pixel = fromPixel; pixel < fromPixel + count; pixel++)
        {
            (int line, int ox) = Math.DivRem(pixel, shape.OutWidth);
            (int image, int oy) = Math.DivRem(line, shape.OutHeight);
            int left = (ox * shape.StrideW) - shape.PadW;
            for (int ky = 0; ky < shape.KernelHeight; ky++, target += shape.KernelWidth * width)
            {
                int y = (oy * shape.StrideH) - shape.PadH + (ky * shape.DilationH);
                (int from, int to) = (uint)y < (uint)shape.Height ? TapsInside(shape, left) : (0, 0);
                float* source = x + ((((nint)((image * shape.Height) + y) * shape.Width) + left) * shape.InChannels) + (group * inputs);
                if (!whole || to - from < shape.KernelWidth)
                    new Span<float>(target, shape.KernelWidth * width).Clear();
                if (whole)
                {
                    new Span<float>(source + (from * inputs), (to - from) * inputs).CopyTo(new Span<float>(target + (from * inputs), (to - from) * inputs));
                }
                else
                {
                    for (int kx = from; kx < to; kx++)
                        new Span<float>(source + ((nint)kx * shape.DilationW * shape.InChannels), inputs).CopyTo(new Span<float>(target + (kx * width), inputs));
                }
            }
        }
    }

    /// <summary>
    /// The reverse of <see cref="Gather"/> for the pixels of output lines <paramref name="oy"/> of one image: adds each row
    /// to the pixels it came from, as far as these lie on input lines <paramref name="fromLine"/> to <paramref name="toLine"/>.
    /// </summary>
    private static void ScatterAdd(
        in ConvolutionShape shape, float* rows, int group, int oy, float* image, int fromLine, int toLine)
    {
        int inputs = shape.InChannels / shape.Groups;
        bool whole = shape.Groups == 1 && shape.DilationW == 1;
        for (int ox = 0; ox < shape.OutWidth; ox++)
        {
            int left = (ox * shape.StrideW) - shape.PadW;
            (int from, int to) = TapsInside(shape, left);
            for (int ky = 0; ky < shape.KernelHeight; ky++, rows += shape.KernelWidth * inputs)
            {
                int y = (oy * shape.StrideH) - shape.PadH + (ky * shape.DilationH);
                if (y < fromLine || y >= toLine)
                    continue;
                float* target = image + ((((nint)y * shape.Width) + left) * shape.InChannels) + (group * inputs);
                if (whole)
                {
                    Add(rows + (from * inputs), target + (from * inputs), (to - from) * inputs);
                }
                else
                {
                    for (int kx = from; kx < to; kx++)
                        Add(rows + (kx * inputs), target + ((nint)kx * shape.DilationW * shape.InChannels), inputs);
                }
            }
        }
    }

    /// <summary>The taps of a kernel row, its first at column <paramref name="left"/>, that lie inside the image.</summary>
    private static (int From, int To) TapsInside(in ConvolutionShape shape, int left)
    {
        int dilation = shape.DilationW;
        int from = left >= 0 ? 0 : Math.Min((-left + dilation - 1) / dilation, shape.KernelWidth);
        int to = left >= shape.Width ? from : Math.Clamp((shape.Width - left + dilation - 1) / dilation, from, shape.KernelWidth);
        return (from, to);
    }

    private static void Add(float* source, float* target, int count)
    {
        if (VectorWidth.Is512)
            Add<Float32x16>(source, target, count);
        else if (VectorWidth.Is256)
            Add<Float32x8>(source, target, count);
        else
            Add<Float32x4>(source, target, count);
    }

    private static void Add<T>(float* source, float* target, int count) where T : unmanaged, IFloat32Vector<T>
    {
        int i = 0;
        for (; i <= count - T.Count; i += T.Count)
            T.Store(T.Load(target + i) + T.Load(source + i), target + i);
        if (i < count)
            T.StorePartial(T.LoadPartial(target + i, count - i) + T.LoadPartial(source + i, count - i), target + i, count - i);
    }
}

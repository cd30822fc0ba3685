namespace PolaFormer.Tensors.Kernels;

/// <summary>Interpolation of channels-last tokens and images to another extent, as torch does without antialiasing.</summary>
internal static unsafe class Interpolation
{
    /// <summary>y(batch, outputs, channels) from x(batch, inputs, channels), linear along the tokens.</summary>
    public static void Linear(float* x, int batch, int inputs, int channels, float* y, int outputs) =>
        Image(InterpolationMode.Bilinear, x, batch, 1, inputs, channels, y, 1, outputs);

    /// <summary>dx(batch, inputs, channels) from dy(batch, outputs, channels).</summary>
    public static void LinearBackward(float* dy, int batch, int outputs, int channels, float* dx, int inputs) =>
        ImageBackward(InterpolationMode.Bilinear, dy, batch, 1, outputs, channels, dx, 1, inputs);

    /// <summary>y(batch, outHeight, outWidth, channels) from x(batch, height, width, channels), plus <paramref name="addend"/>, which is null or laid out as y.</summary>
    public static void Image(
        InterpolationMode mode, float* x, int batch, int height, int width, int channels, float* y, int outHeight, int outWidth, float* addend = null)
    {
        using AxisWeights rows = Weights(mode, height, outHeight), columns = Weights(mode, width, outWidth);
        Resample.Run(x, batch, rows, columns, channels, y, addend);
    }

    /// <summary>dx(batch, height, width, channels) from dy(batch, outHeight, outWidth, channels).</summary>
    public static void ImageBackward(
        InterpolationMode mode, float* dy, int batch, int outHeight, int outWidth, int channels, float* dx, int height, int width)
    {
        using AxisWeights rows = Weights(mode, height, outHeight), columns = Weights(mode, width, outWidth);
        using AxisWeights rowsBack = rows.Transpose(), columnsBack = columns.Transpose();
        Resample.Run(dy, batch, rowsBack, columnsBack, channels, dx);
    }

    /// <summary>Weights of one axis, by way of an extent between where one is given.</summary>
    public static AxisWeights Weights(InterpolationMode mode, int inputs, int? through, int outputs)
    {
        if (through is not { } between)
            return Weights(mode, inputs, outputs);
        using AxisWeights first = Weights(mode, inputs, between), second = Weights(mode, between, outputs);
        return second.After(first);
    }

    private static AxisWeights Weights(InterpolationMode mode, int inputs, int outputs) => mode switch
    {
        InterpolationMode.Bicubic => AxisWeights.Cubic(inputs, outputs),
        InterpolationMode.BilinearAligned => AxisWeights.LinearAligned(inputs, outputs),
        InterpolationMode.Nearest => AxisWeights.Nearest(inputs, outputs),
        _ => AxisWeights.Linear(inputs, outputs),
    };
}

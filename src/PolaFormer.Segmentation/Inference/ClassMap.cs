using System.Numerics;
using PolaFormer.Segmentation.Data;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Inference;

/// <summary>Classes of a photograph's pixels from the logits of one or several views, without a map of all classes in memory.</summary>
internal static class ClassMap
{
    private const int RowsOfAPart = 32;

    /// <summary>The class of the largest logit of every pixel of one photograph that the network saw whole.</summary>
    /// <param name="logits">(1, h, w, classes), at the resolution of the head.</param>
    /// <param name="input">What the network saw.</param>
    /// <param name="height">Rows of the photograph.</param>
    /// <param name="width">Columns of the photograph.</param>
    /// <param name="alignCorners">The network's rule of resizing.</param>
    public static LabelMap Of(Tensor logits, NetworkInput input, int height, int width, bool alignCorners)
    {
        (int Height, int Width)? through = (input.Height, input.Width) == (height, width) ? null : (input.Height, input.Width);
        InterpolationMode mode = alignCorners ? InterpolationMode.BilinearAligned : InterpolationMode.Bilinear;
        return new LabelMap(width, height, logits.InterpolatedArgMax(height, width, mode, through).ToArray<byte>());
    }

    /// <summary>The class of the largest logit of every pixel, or of the largest mean probability over several views.</summary>
    /// <param name="views">The views.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="height">Rows of the photograph.</param>
    /// <param name="width">Columns of the photograph.</param>
    /// <param name="alignCorners">The network's rule of resizing.</param>
    /// <param name="threads">Threads to use.</param>
    public static LabelMap Of(IReadOnlyList<SegmentedInput> views, int classes, int height, int width, bool alignCorners, int threads)
    {
        byte[] values = new byte[height * width];
        int parts = (height + RowsOfAPart - 1) / RowsOfAPart;
        Parallel.For(0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
        {
            LogitRows[] rows = [.. views.Select(view => new LogitRows(view, classes, height, width, alignCorners))];
            float[] row = new float[width * classes];
            float[] sum = views.Count > 1 ? new float[row.Length] : row;
            for (int y = part * RowsOfAPart; y < Math.Min(height, (part + 1) * RowsOfAPart); y++)
            {
                if (views.Count > 1)
                    sum.AsSpan().Clear();
                foreach (LogitRows view in rows)
                {
                    view.Fill(y, row);
                    if (views.Count > 1)
                        AddProbabilities(row, classes, sum);
                }

                ArgMax(sum, classes, values.AsSpan(y * width, width));
            }
        });
        return new LabelMap(width, height, values);
    }

    private static void AddProbabilities(ReadOnlySpan<float> logits, int classes, Span<float> sum)
    {
        Span<float> exponentials = classes <= 1024 ? stackalloc float[classes] : new float[classes];
        for (int at = 0; at < logits.Length; at += classes)
        {
            ReadOnlySpan<float> pixel = logits.Slice(at, classes);
            float max = float.NegativeInfinity, total = 0;
            foreach (float logit in pixel)
                max = Math.Max(max, logit);
            for (int c = 0; c < classes; c++)
                total += exponentials[c] = MathF.Exp(pixel[c] - max);
            for (int c = 0; c < classes; c++)
                sum[at + c] += exponentials[c] / total;
        }
    }

    // The first of equal ones.
    private static void ArgMax(ReadOnlySpan<float> row, int classes, Span<byte> result)
    {
        for (int x = 0; x < result.Length; x++)
        {
            ReadOnlySpan<float> pixel = row.Slice(x * classes, classes);
            result[x] = (byte)pixel.IndexOf(Largest(pixel));
        }
    }

    private static float Largest(ReadOnlySpan<float> pixel)
    {
        int lanes = Vector<float>.Count;
        float largest = pixel[0];
        if (pixel.Length >= lanes)
        {
            var best = new Vector<float>(pixel);
            for (int i = lanes; i <= pixel.Length - lanes; i += lanes)
                best = Vector.Max(best, new Vector<float>(pixel[i..]));
            best = Vector.Max(best, new Vector<float>(pixel[^lanes..]));
            for (int lane = 0; lane < lanes; lane++)
                largest = Math.Max(largest, best[lane]);
            return largest;
        }

        foreach (float value in pixel)
            largest = Math.Max(largest, value);
        return largest;
    }
}

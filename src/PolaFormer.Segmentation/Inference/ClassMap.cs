using PolaFormer.Segmentation.Data;

namespace PolaFormer.Segmentation.Inference;

/// <summary>Classes of a photograph's pixels from the logits of one or several views, without a map of all classes in memory.</summary>
internal static class ClassMap
{
    private const int RowsOfAPart = 32;

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
            float max = pixel[0];
            int best = 0;
            for (int c = 1; c < pixel.Length; c++)
            {
                if (pixel[c] > max)
                    (max, best) = (pixel[c], c);
            }

            result[x] = (byte)best;
        }
    }
}

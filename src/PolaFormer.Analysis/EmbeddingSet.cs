namespace PolaFormer.Analysis;

/// <summary>What a network makes of labelled images before it classifies them.</summary>
/// <param name="Values">(images, width), row by row.</param>
/// <param name="Width">Channels of an embedding.</param>
/// <param name="Labels">Class of each image.</param>
public sealed record EmbeddingSet(float[] Values, int Width, int[] Labels)
{
    /// <summary>Images.</summary>
    public int Count => Labels.Length;

    /// <summary>The embedding of an image.</summary>
    public ReadOnlySpan<float> this[int image] => Values.AsSpan(image * Width, Width);

    /// <summary>Rows scaled to length 1; a row of zeros stays one.</summary>
    public float[] Directions()
    {
        float[] directions = [.. Values];
        for (int start = 0; start < directions.Length; start += Width)
        {
            Span<float> row = directions.AsSpan(start, Width);
            double sum = 0;
            foreach (float value in row)
                sum += (double)value * value;
            float factor = sum == 0 ? 0 : (float)(1 / Math.Sqrt(sum));
            foreach (ref float value in row)
                value *= factor;
        }

        return directions;
    }
}

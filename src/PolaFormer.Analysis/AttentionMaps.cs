namespace PolaFormer.Analysis;

/// <summary>
/// The attention matrices that mechanisms imply but, being linear, never form: A with A·v the output of one head before its
/// convolution and gate. For analysis, in double. Queries are (N, d), keys (n, d), maps (N, n), all row-major.
/// </summary>
internal static class AttentionMaps
{
    private const double Eps = 1e-6;

    /// <summary>softmax(q·kᵀ/√d).</summary>
    public static double[] Softmax(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, int headDim)
    {
        double[] map = Products(queries, keys, headDim);
        int columns = keys.Length / headDim;
        for (int row = 0; row < map.Length; row += columns)
        {
            Span<double> scores = map.AsSpan(row, columns);
            double max = double.NegativeInfinity, sum = 0;
            foreach (double score in scores)
                max = Math.Max(max, score);
            foreach (ref double score in scores)
                sum += score = Math.Exp((score - max) / Math.Sqrt(headDim));
            foreach (ref double score in scores)
                score /= sum;
        }

        return map;
    }

    /// <summary>φ(q)·φ(k)ᵀ over its row sum, φ = elu + 1 (Katharopoulos et al., ICML 2020).</summary>
    public static double[] Elu(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, int headDim)
    {
        static double Feature(double x) => x > 0 ? x + 1 : Math.Exp(x);
        return RowNormalized(Mapped(queries, Feature), Mapped(keys, Feature), headDim, 0);
    }

    /// <summary>φ(q)·φ(k)ᵀ over its row sum plus 10⁻⁶, φ = relu.</summary>
    public static double[] Relu(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, int headDim)
    {
        static double Feature(double x) => Math.Max(x, 0);
        return RowNormalized(Mapped(queries, Feature), Mapped(keys, Feature), headDim, Eps);
    }

    /// <summary>Focused linear attention (FLatten Transformer, ICCV 2023): rows are raised to a power and keep their length.</summary>
    public static double[] Focused(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, int headDim, double power = 3) =>
        MeanNormalized(Focus(queries, headDim, power), Focus(keys, headDim, power), headDim);

    /// <summary>PolaFormer: the maps that the two halves of the values are read through.</summary>
    /// <param name="queries">(N, d), scaled.</param>
    /// <param name="keys">(n, d), scaled, with positional encoding.</param>
    /// <param name="exponents">(d), above 1.</param>
    public static (double[] Same, double[] Opposite) Polarity(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, ReadOnlySpan<double> exponents)
    {
        double[] powers = exponents.ToArray();
        double Feature(double part, int channel) => Math.Pow(part, powers[channel % powers.Length]);
        return Signed(queries, keys, exponents.Length, Feature, Feature, Feature);
    }

    /// <summary>PolaFormer++ without its rotary encoding.</summary>
    /// <param name="queries">(N, d).</param>
    /// <param name="keys">(n, d).</param>
    /// <param name="same">(2·d): temperatures of [q₊, q₋], in (0, 1).</param>
    /// <param name="opposite">(2·d): temperatures of [q₋, q₊].</param>
    public static (double[] Same, double[] Opposite) PolarityPlusPlus(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, ReadOnlySpan<double> same, ReadOnlySpan<double> opposite)
    {
        double[] first = same.ToArray(), second = opposite.ToArray();
        return Signed(
            queries, keys, same.Length / 2,
            (part, channel) => Math.Exp(part * first[channel]) - 1, (part, channel) => Math.Exp(part * second[channel]) - 1, (part, _) => Math.Exp(part) - 1);
    }

    // Features of the parts [x₊, x₋] of the keys, [q₊, q₋] and [q₋, q₊] of the queries; channel counts over both halves.
    private static (double[] Same, double[] Opposite) Signed(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, int headDim, Func<double, int, double> same, Func<double, int, double> opposite, Func<double, int, double> key)
    {
        double[] features = Parts(keys, headDim, 1, key);
        return (MeanNormalized(Parts(queries, headDim, 1, same), features, 2 * headDim), MeanNormalized(Parts(queries, headDim, -1, opposite), features, 2 * headDim));
    }

    private static double[] Parts(ReadOnlySpan<double> rows, int headDim, int sign, Func<double, int, double> feature)
    {
        double[] parts = new double[2 * rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            int row = i / headDim, channel = i % headDim;
            parts[(2 * row * headDim) + channel] = feature(Math.Max(sign * rows[i], 0), channel);
            parts[(((2 * row) + 1) * headDim) + channel] = feature(Math.Max(-sign * rows[i], 0), headDim + channel);
        }

        return parts;
    }

    private static double[] Focus(ReadOnlySpan<double> rows, int headDim, double power)
    {
        double[] focused = Mapped(rows, x => Math.Max(x, 0) + Eps);
        for (int row = 0; row < focused.Length; row += headDim)
        {
            Span<double> values = focused.AsSpan(row, headDim);
            double length = Length(values);
            foreach (ref double value in values)
                value = Math.Pow(value, power);
            double factor = length / Length(values);
            foreach (ref double value in values)
                value *= factor;
        }

        return focused;
    }

    private static double Length(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value * value;
        return Math.Sqrt(sum);
    }

    // f·gᵀ / (row sum + eps).
    private static double[] RowNormalized(double[] queries, double[] keys, int width, double eps)
    {
        double[] map = Products(queries, keys, width);
        int columns = keys.Length / width;
        for (int row = 0; row < map.Length; row += columns)
            Divide(map.AsSpan(row, columns), 1, eps);
        return map;
    }

    // f·gᵀ / n / (f·mean g + 10⁻⁶): the normaliser of the linear attentions, whose eps is against the mean.
    private static double[] MeanNormalized(double[] queries, double[] keys, int width)
    {
        double[] map = Products(queries, keys, width);
        int columns = keys.Length / width;
        for (int row = 0; row < map.Length; row += columns)
            Divide(map.AsSpan(row, columns), columns, Eps);
        return map;
    }

    // Σ row / n is f·mean g.
    private static void Divide(Span<double> row, int count, double eps)
    {
        double sum = 0;
        foreach (double value in row)
            sum += value;
        double divisor = count * ((sum / count) + eps);
        foreach (ref double value in row)
            value /= divisor;
    }

    private static double[] Products(ReadOnlySpan<double> queries, ReadOnlySpan<double> keys, int width)
    {
        int rows = queries.Length / width, columns = keys.Length / width;
        double[] products = new double[rows * columns];
        for (int i = 0; i < products.Length; i++)
        {
            ReadOnlySpan<double> query = queries.Slice(i / columns * width, width), key = keys.Slice(i % columns * width, width);
            for (int c = 0; c < width; c++)
                products[i] += query[c] * key[c];
        }

        return products;
    }

    private static double[] Mapped(ReadOnlySpan<double> values, Func<double, double> function)
    {
        double[] mapped = values.ToArray();
        foreach (ref double value in mapped.AsSpan())
            value = function(value);
        return mapped;
    }
}

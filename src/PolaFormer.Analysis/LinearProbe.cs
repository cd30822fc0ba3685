using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Analysis;

/// <summary>
/// A linear classifier on embeddings, which tells what classes can be read off them: multinomial logistic regression with a penalty of
/// λ/2·|W|² on standardised channels, found by accelerated gradient descent (Nesterov 1983) with the step 1 / (largest curvature).
/// </summary>
public static class LinearProbe
{
    private const int Steps = 300, PowerSteps = 30;

    /// <summary>Share of images that the classifier tells right.</summary>
    /// <param name="train">Images to fit.</param>
    /// <param name="test">Images to classify.</param>
    /// <param name="penalty">λ, above 0.</param>
    public static double Accuracy(EmbeddingSet train, EmbeddingSet test, double penalty = 1e-3)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(penalty);
        ArgumentOutOfRangeException.ThrowIfNotEqual(test.Width, train.Width);
        (float[] mean, float[] scale) = Statistics(train);
        int classes = Math.Max(train.Labels.Max(), test.Labels.Max()) + 1, width = train.Width + 1;
        float[] weights = Fit(Standardized(train, mean, scale), train, classes, penalty);
        using var scope = MemoryScope.Enter();
        float[] logits = Tensor.From(Standardized(test, mean, scale), [test.Count, width]).MatMul(Tensor.From(weights, [width, classes])).ToArray();
        int hits = 0;
        for (int i = 0; i < test.Count; i++)
        {
            ReadOnlySpan<float> row = logits.AsSpan(i * classes, classes);
            int best = 0;
            for (int c = 1; c < classes; c++)
                best = row[c] > row[best] ? c : best;
            hits += best == test.Labels[i] ? 1 : 0;
        }

        return (double)hits / test.Count;
    }

    // (width + 1, classes); the last row is the bias, which the penalty takes with it.
    private static float[] Fit(float[] inputs, EmbeddingSet train, int classes, double penalty)
    {
        int width = train.Width + 1;
        using var scope = MemoryScope.Enter();
        Tensor x = Tensor.From(inputs, [train.Count, width]);
        double step = 1 / ((0.5 * LargestCurvature(x) / train.Count) + penalty);
        float[] weights = new float[width * classes], before = new float[weights.Length], ahead = new float[weights.Length];
        for (int t = 1; t <= Steps; t++)
        {
            using var inner = MemoryScope.Enter();
            float[] errors = x.MatMul(Tensor.From(ahead, [width, classes])).Softmax().ToArray();
            for (int i = 0; i < train.Count; i++)
                errors[(i * classes) + train.Labels[i]] -= 1;
            float[] gradient = x.MatMul(Tensor.From(errors, [train.Count, classes]), transposeA: true).ToArray();
            double momentum = (t - 1.0) / (t + 2);
            for (int i = 0; i < weights.Length; i++)
            {
                before[i] = weights[i];
                weights[i] = (float)(ahead[i] - (step * ((gradient[i] / train.Count) + (penalty * ahead[i]))));
                ahead[i] = (float)(weights[i] + (momentum * (weights[i] - before[i])));
            }
        }

        return weights;
    }

    // The largest eigenvalue of xᵀx, by power iteration.
    private static double LargestCurvature(Tensor x)
    {
        float[] direction = new float[x.Shape[1]];
        Array.Fill(direction, 1);
        double length = 0;
        for (int i = 0; i < PowerSteps; i++)
        {
            using var scope = MemoryScope.Enter();
            double norm = Math.Sqrt(direction.Sum(value => (double)value * value));
            Tensor unit = Tensor.From([.. direction.Select(value => (float)(value / norm))], [x.Shape[1], 1]);
            direction = x.MatMul(x.MatMul(unit), transposeA: true).ToArray();
            length = Math.Sqrt(direction.Sum(value => (double)value * value));
        }

        return length;
    }

    private static (float[] Mean, float[] Scale) Statistics(EmbeddingSet set)
    {
        double[] mean = new double[set.Width], squares = new double[set.Width];
        for (int i = 0; i < set.Values.Length; i++)
            mean[i % set.Width] += set.Values[i] / set.Count;
        for (int i = 0; i < set.Values.Length; i++)
            squares[i % set.Width] += Math.Pow(set.Values[i] - mean[i % set.Width], 2) / set.Count;
        return ([.. mean.Select(value => (float)value)], [.. squares.Select(value => value < 1e-12 ? 0 : (float)(1 / Math.Sqrt(value)))]);
    }

    private static float[] Standardized(EmbeddingSet set, float[] mean, float[] scale)
    {
        int width = set.Width + 1;
        float[] rows = new float[set.Count * width];
        for (int i = 0; i < rows.Length; i++)
        {
            int channel = i % width;
            rows[i] = channel == set.Width ? 1 : (set.Values[(i / width * set.Width) + channel] - mean[channel]) * scale[channel];
        }

        return rows;
    }
}

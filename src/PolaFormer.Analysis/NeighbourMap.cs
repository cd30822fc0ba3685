using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Analysis;

/// <summary>
/// A map on which images are near each other whose embeddings are: t-SNE (van der Maaten and Hinton, JMLR 2008), exact, from the
/// principal components on. Distances between groups and their sizes say little. Time and memory grow as the square of the images.
/// </summary>
/// <param name="Places">(images, 2).</param>
/// <param name="Divergence">Of the map's neighbourhoods from those of the embeddings, Kullback and Leibler's, in nats; at least 0.</param>
public sealed record NeighbourMap(float[] Places, double Divergence)
{
    /// <summary>Images that a map may have; a matrix of so many squared takes 400 MB.</summary>
    public const int MostImages = 10_000;

    // As scikit-learn 1.x has them: exaggeration at first, momentum that rises, a rate by the number of images.
    private const int ExaggeratedSteps = 250, Steps = 1000;
    private const float Exaggeration = 12, StartDeviation = 1e-4f, LeastGain = 0.01f;
    private const double BandTries = 60, BandTolerance = 1e-5;

    /// <summary>Makes the map; the same for any number of threads.</summary>
    /// <param name="set">At most <see cref="MostImages"/> images.</param>
    /// <param name="perplexity">About how many neighbours an image has, above 1; at most a third of the others count.</param>
    /// <exception cref="ArgumentOutOfRangeException">The images are too many, or the perplexity is too small.</exception>
    public static NeighbourMap Of(EmbeddingSet set, double perplexity = 30)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(set.Count, MostImages);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(perplexity, 1);
        int count = set.Count;
        if (count < 4)
            return new NeighbourMap(PrincipalComponents.Of(set).Places, 0);
        float[] joint = Joint(set, Math.Min(perplexity, (count - 1) / 3.0));
        float[] places = Start(set), gradient = new float[2 * count], velocity = new float[2 * count], gains = new float[2 * count];
        Array.Fill(gains, 1);
        float rate = Math.Max(count / Exaggeration / 4, 50);
        for (int step = 0; step < Steps; step++)
        {
            bool isExaggerated = step < ExaggeratedSteps;
            Gradient(joint, places, isExaggerated ? Exaggeration : 1, gradient);
            for (int i = 0; i < places.Length; i++)
            {
                gains[i] = Math.Max(gradient[i] > 0 == velocity[i] > 0 ? gains[i] * 0.8f : gains[i] + 0.2f, LeastGain);
                velocity[i] = ((isExaggerated ? 0.5f : 0.8f) * velocity[i]) - (rate * gains[i] * gradient[i]);
                places[i] += velocity[i];
            }
        }

        return new NeighbourMap(places, DivergenceOf(joint, places));
    }

    private static float[] Start(EmbeddingSet set)
    {
        float[] places = PrincipalComponents.Of(set).Places;
        double sum = 0;
        for (int i = 0; i < places.Length; i += 2)
            sum += (double)places[i] * places[i];
        float factor = sum == 0 ? 0 : (float)(StartDeviation / Math.Sqrt(sum / set.Count));
        return [.. places.Select(place => place * factor)];
    }

    // Half of p(j|i) + p(i|j), over all images: a Gaussian around each image, as wide as the perplexity asks.
    private static float[] Joint(EmbeddingSet set, double perplexity)
    {
        int count = set.Count;
        float[] near;
        using (MemoryScope.Enter())
        {
            Tensor x = Tensor.From(set.Values, [count, set.Width]);
            near = x.MatMul(x, transposeB: true).ToArray();
        }

        float[] squares = [.. Enumerable.Range(0, count).Select(i => near[(i * count) + i])];
        ForEachRow(count, i => Conditional(near.AsSpan(i * count, count), squares, i, Math.Log(perplexity)));
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j <= i; j++)
                near[(i * count) + j] = near[(j * count) + i] = (near[(i * count) + j] + near[(j * count) + i]) / (2 * count);
        }

        return near;
    }

    // Products become probabilities whose entropy is the logarithm of the perplexity; found by halving.
    private static void Conditional(Span<float> row, float[] squares, int self, double entropy)
    {
        double[] distances = new double[row.Length];
        for (int j = 0; j < row.Length; j++)
            distances[j] = Math.Max(0, (double)squares[self] + squares[j] - (2 * row[j]));
        double least = distances.Where((_, j) => j != self).Min(), precision = 1, low = 0, high = double.PositiveInfinity, sum = 1;
        for (int attempt = 0; attempt < BandTries; attempt++)
        {
            double weighted = sum = 0;
            for (int j = 0; j < row.Length; j++)
            {
                double weight = j == self ? 0 : Math.Exp(-(distances[j] - least) * precision);
                sum += weight;
                weighted += weight * (distances[j] - least);
            }

            double difference = Math.Log(sum) + (precision * weighted / sum) - entropy;
            if (Math.Abs(difference) < BandTolerance)
                break;
            if (difference > 0)
                low = precision;
            else
                high = precision;
            precision = double.IsPositiveInfinity(high) ? precision * 2 : (low + high) / 2;
        }

        for (int j = 0; j < row.Length; j++)
            row[j] = j == self ? 0 : (float)(Math.Exp(-(distances[j] - least) * precision) / sum);
    }

    // Of the divergence by places: 4 Σ (e·p − q)·(yᵢ − yⱼ) / (1 + ‖yᵢ − yⱼ‖²), q by Student's t.
    private static void Gradient(float[] joint, float[] places, float exaggeration, float[] gradient)
    {
        int count = places.Length / 2;
        double[] sums = new double[count];
        float[] away = new float[places.Length];
        ForEachRow(count, i =>
        {
            float x = places[2 * i], y = places[(2 * i) + 1], towardsX = 0, towardsY = 0, awayX = 0, awayY = 0;
            double sum = 0;
            for (int j = 0; j < count; j++)
            {
                float dx = x - places[2 * j], dy = y - places[(2 * j) + 1], near = 1 / (1 + (dx * dx) + (dy * dy)), pull = joint[(i * count) + j] * near, push = near * near;
                sum += near;
                towardsX += pull * dx;
                towardsY += pull * dy;
                awayX += push * dx;
                awayY += push * dy;
            }

            (sums[i], gradient[2 * i], gradient[(2 * i) + 1], away[2 * i], away[(2 * i) + 1]) = (sum - 1, towardsX, towardsY, awayX, awayY);
        });
        double total = sums.Sum();
        for (int i = 0; i < gradient.Length; i++)
            gradient[i] = 4 * ((exaggeration * gradient[i]) - (float)(away[i] / total));
    }

    private static double DivergenceOf(float[] joint, float[] places)
    {
        int count = places.Length / 2;
        double total = 0, divergence = 0;
        double Near(int i, int j) => 1 / (1 + Math.Pow(places[2 * i] - places[2 * j], 2) + Math.Pow(places[(2 * i) + 1] - places[(2 * j) + 1], 2));
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
                total += i == j ? 0 : Near(i, j);
        }

        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                double p = joint[(i * count) + j];
                divergence += p > 0 ? p * Math.Log(p * total / Near(i, j)) : 0;
            }
        }

        return divergence;
    }

    private static void ForEachRow(int count, Action<int> body) => Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Workers.ThreadCount }, body);
}

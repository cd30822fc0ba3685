using PolaFormer.Tensors.Threading;

namespace PolaFormer.Measurement;

/// <summary>Attention alone over growing numbers of tokens: how time grows, and from where linear attention is the faster one.</summary>
/// <param name="Threads">Threads.</param>
/// <param name="Cases">By head dimension, then kind, then tokens.</param>
public sealed record AttentionResult(int Threads, IReadOnlyList<AttentionCase> Cases)
{
    /// <summary>The most tokens that are measured.</summary>
    public const int MostTokens = 1 << 22;

    /// <summary>Token counts where none are given: squares from a small window to 896² pixels in patches of 4.</summary>
    public static IReadOnlyList<int> DefaultTokens { get; } = [49, 100, 196, 400, 784, 1600, 3136, 12544, 50176];

    /// <summary>Measures every combination. A case that by the growth so far would need more than <paramref name="duration"/> a run is left out.</summary>
    public static AttentionResult Measure(IReadOnlyList<string> kinds, int heads, IReadOnlyList<int> headDims, IReadOnlyList<int> tokens, TimeSpan duration)
    {
        var cases = new List<AttentionCase>();
        foreach (int headDim in headDims)
        {
            foreach (string kind in kinds)
            {
                var series = new List<AttentionCase>();
                foreach (int count in tokens.Order())
                {
                    if (Growth([.. series.TakeLast(2)]) is { } law && law.At(count) > duration.TotalMilliseconds)
                        break;
                    series.Add(AttentionCase.Measure(kind, heads, headDim, count, duration));
                }

                cases.AddRange(series);
            }
        }

        return new AttentionResult(Workers.ThreadCount, cases);
    }

    /// <summary>One series for each kind and head dimension.</summary>
    public IEnumerable<IReadOnlyList<AttentionCase>> Series() => Cases.GroupBy(item => (item.HeadDim, item.Kind)).Select(series => series.ToArray());

    /// <summary>How the time of a series grows; null for a single point.</summary>
    public static PowerLaw? Growth(IReadOnlyList<AttentionCase> series) =>
        series.Count < 2 ? null : PowerLaw.Fit([.. series.Select(item => ((double)item.Tokens, item.MedianMs))]);

    /// <summary>
    /// The number of tokens from which a series is faster than softmax attention of the same head dimension: where the
    /// segments between the last measured point with softmax ahead and the next one cross. Null where softmax was never
    /// ahead, never behind, or not measured.
    /// </summary>
    public double? Crossover(IReadOnlyList<AttentionCase> series) => PowerLaw.StaysBelowFrom(
    [
        .. from linear in series
           join softmax in Cases.Where(item => item.Kind == AttentionCase.Softmax && item.HeadDim == series[0].HeadDim) on linear.Tokens equals softmax.Tokens
           orderby linear.Tokens
           select ((double)linear.Tokens, linear.MedianMs, softmax.MedianMs),
    ]);
}

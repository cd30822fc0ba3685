using System.Globalization;

namespace PolaFormer.Training;

/// <summary>Sums of a task's loss and metrics over examples, which merge by addition.</summary>
/// <param name="definitions">The metrics; the first decides which network is the best.</param>
public sealed class Metrics(IReadOnlyList<MetricDefinition> definitions)
{
    // A sum of hits is exact: doubles hold whole numbers up to 2^53.
    private readonly double[] _sums = new double[definitions.Count];
    private double _loss;

    /// <summary>The metrics.</summary>
    public IReadOnlyList<MetricDefinition> Definitions => definitions;

    /// <summary>Examples counted.</summary>
    public long Count { get; private set; }

    /// <summary>Mean loss of an example; 0 before the first.</summary>
    public double Loss => Count == 0 ? 0 : _loss / Count;

    /// <summary>The metric that decides which network is the best.</summary>
    public MetricValue First => ValueOf(0);

    /// <summary>The metrics' means, in the order of their definitions; 0 before the first example.</summary>
    public IEnumerable<MetricValue> Values => Enumerable.Range(0, definitions.Count).Select(ValueOf);

    /// <summary>A metric's mean by its name; 0 before the first example.</summary>
    public double this[string name] => Values.First(metric => metric.Definition.Name == name).Value;

    /// <summary>The sums as text, for saving: <see cref="Parse"/> gives the same back, to the bit.</summary>
    public override string ToString() => string.Join(' ', new[] { _loss }.Concat(_sums).Select(sum => sum.ToString("R", CultureInfo.InvariantCulture)).Prepend(Count.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">It is something else, or no sums that examples can give.</exception>
    public static Metrics Parse(string text, IReadOnlyList<MetricDefinition> definitions)
    {
        string[] parts = text.Split(' ');
        if (parts.Length == 2 + definitions.Count && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long count) && IsNumber(parts[1], out double loss))
        {
            var metrics = new Metrics(definitions) { Count = count, _loss = loss };
            // A metric that is no share may overflow where the loss does not.
            bool Takes(int i) => double.TryParse(parts[i + 2], NumberStyles.Float, CultureInfo.InvariantCulture, out metrics._sums[i])
                && (definitions[i].IsShare ? metrics._sums[i] >= 0 && metrics._sums[i] <= count : !(metrics._sums[i] < 0));
            if (Enumerable.Range(0, definitions.Count).All(Takes))
                return metrics;
        }

        throw new FormatException($"'{text}' are no sums of loss and {string.Join(", ", definitions.Select(metric => metric.Label))} over examples.");
    }

    /// <summary>Adds another's sums.</summary>
    public void Add(Metrics other)
    {
        _loss += other._loss;
        for (int i = 0; i < _sums.Length; i++)
            _sums[i] += other._sums[i];
        Count += other.Count;
    }

    /// <summary>Counts a batch.</summary>
    /// <param name="count">Examples.</param>
    /// <param name="meanLoss">Mean loss of the examples.</param>
    /// <param name="sums">Sum of each metric over the examples, in the order of the definitions.</param>
    public void Add(int count, double meanLoss, params ReadOnlySpan<double> sums)
    {
        if (sums.Length != _sums.Length)
            throw new ArgumentException($"There are {_sums.Length} metrics, but {sums.Length} sums were given.", nameof(sums));
        _loss += meanLoss * count;
        for (int i = 0; i < _sums.Length; i++)
            _sums[i] += sums[i];
        Count += count;
    }

    /// <summary>Counts a batch, waiting for its device.</summary>
    public void Add(in BatchResult batch) => Add(batch.Count, batch.Loss.Item(), batch.Sums.ToArray());

    internal void Add(int count, double meanLoss, ReadOnlySpan<float> sums)
    {
        Span<double> widened = stackalloc double[sums.Length];
        for (int i = 0; i < sums.Length; i++)
            widened[i] = sums[i];
        Add(count, meanLoss, widened);
    }

    private MetricValue ValueOf(int metric) => new(definitions[metric], Count == 0 ? 0 : _sums[metric] / Count);

    private static bool IsNumber(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}

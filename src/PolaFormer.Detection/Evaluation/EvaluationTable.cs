namespace PolaFormer.Detection.Evaluation;

/// <summary>Precision at every bound of overlap, recall, class, range of areas and number of detections; −1 where there is nothing to find.</summary>
public sealed class EvaluationTable
{
    // NumPy's spacing(1), which keeps 0 / 0 away.
    private static readonly double s_spacing = double.BitIncrement(1) - 1;

    private readonly EvaluationOptions _options;
    private readonly double[] _precision, _recall, _scores;

    internal EvaluationTable(EvaluationOptions options, IReadOnlyList<long> categories)
    {
        (_options, Categories) = (options, categories);
        int cells = options.OverlapBounds.Count * categories.Count * options.Areas.Count * options.MaxDetections.Count;
        _recall = Filled(cells);
        _precision = Filled(cells * options.Recalls.Count);
        _scores = Filled(cells * options.Recalls.Count);
    }

    /// <summary>Numbers of the categories in order; −1 alone where classes do not count.</summary>
    public IReadOnlyList<long> Categories { get; }

    /// <summary>The twelve figures of COCO: AP, AP50, AP75, of small, medium and large objects, AR by number of detections, and AR of small, medium and large ones.</summary>
    public double[] Summary =>
    [
        Mean(null, 0, At100),
        Mean(0.5, 0, Last),
        Mean(0.75, 0, Last),
        Mean(null, 1, Last),
        Mean(null, 2, Last),
        Mean(null, 3, Last),
        MeanRecall(0, 0),
        MeanRecall(0, 1),
        MeanRecall(0, 2),
        MeanRecall(1, Last),
        MeanRecall(2, Last),
        MeanRecall(3, Last),
    ];

    private int Last => _options.MaxDetections.Count - 1;

    // AP over all bounds is read at 100 detections, which every list of numbers has.
    private int At100
    {
        get
        {
            for (int m = 0; m < _options.MaxDetections.Count; m++)
            {
                if (_options.MaxDetections[m] == 100)
                    return m;
            }

            return -1;
        }
    }

    /// <summary>Precision where a recall is reached, −1 where there is nothing to find.</summary>
    public double Precision(int bound, int recall, int category, int area, int detections) => _precision[Cell(bound, recall, category, area, detections)];

    /// <summary>The score at which that recall is reached.</summary>
    public double Score(int bound, int recall, int category, int area, int detections) => _scores[Cell(bound, recall, category, area, detections)];

    /// <summary>The recall of all detections.</summary>
    public double Recall(int bound, int category, int area, int detections) => _recall[Cell(bound, category, area, detections)];

    /// <summary>Mean precision of a class over bounds and recalls, at all areas and the most detections; null where it has no objects.</summary>
    public double? CategoryPrecision(int category)
    {
        double[] values = [.. Precisions(null, 0, Last, category)];
        return values.Length == 0 ? null : values.Average();
    }

    /// <summary>Mean precision over the classes that have objects at each recall, at all areas and the most detections; empty where none has.</summary>
    /// <param name="bound">The overlap from which on an object is found; null for the mean over all bounds.</param>
    public double[] Curve(double? bound)
    {
        int[] bounds = [.. Enumerable.Range(0, _options.OverlapBounds.Count).Where(t => bound is null || Math.Abs(_options.OverlapBounds[t] - bound.Value) < 1e-9)];
        int[] classes = [.. Enumerable.Range(0, Categories.Count).Where(category => CategoryPrecision(category) is not null)];
        return classes.Length == 0 ? [] : [.. Enumerable.Range(0, _options.Recalls.Count).Select(r => classes.Average(k => bounds.Average(t => Precision(t, r, k, 0, Last))))];
    }

    internal void Accumulate(int category, int area, int detections, List<ImageMatches> images)
    {
        int most = _options.MaxDetections[detections], objects = images.Sum(image => image.Objects);
        if (images.Count == 0 || objects == 0)
            return;
        (int Image, int Detection, double Score)[] all = [.. images
            .SelectMany((image, i) => Enumerable.Range(0, Math.Min(most, image.Scores.Length)).Select(d => (i, d, image.Scores[d])))
            .OrderByDescending(entry => entry.Item3)];
        for (int t = 0; t < _options.OverlapBounds.Count; t++)
        {
            double hits = 0, alarms = 0;
            double[] recalls = new double[all.Length], precisions = new double[all.Length];
            for (int i = 0; i < all.Length; i++)
            {
                ImageMatches image = images[all[i].Image];
                bool isMatched = image.IsMatched[t][all[i].Detection], counts = !image.IsIgnored[t][all[i].Detection];
                hits += isMatched && counts ? 1 : 0;
                alarms += !isMatched && counts ? 1 : 0;
                recalls[i] = hits / objects;
                precisions[i] = hits / (alarms + hits + s_spacing);
            }

            _recall[Cell(t, category, area, detections)] = all.Length > 0 ? recalls[^1] : 0;
            for (int i = all.Length - 1; i > 0; i--)
                precisions[i - 1] = Math.Max(precisions[i - 1], precisions[i]);
            for (int r = 0, i = 0; r < _options.Recalls.Count; r++)
            {
                while (i < all.Length && recalls[i] < _options.Recalls[r])
                    i++;
                int cell = Cell(t, r, category, area, detections);
                (_precision[cell], _scores[cell]) = i < all.Length ? (precisions[i], all[i].Score) : (0, 0);
            }
        }
    }

    private static double[] Filled(int count)
    {
        double[] values = new double[count];
        Array.Fill(values, -1);
        return values;
    }

    private double Mean(double? bound, int area, int detections)
    {
        if (detections < 0)
            return -1;
        double[] values = [.. Enumerable.Range(0, Categories.Count).SelectMany(category => Precisions(bound, area, detections, category))];
        return values.Length == 0 ? -1 : values.Average();
    }

    private IEnumerable<double> Precisions(double? bound, int area, int detections, int category)
    {
        for (int t = 0; t < _options.OverlapBounds.Count; t++)
        {
            for (int r = 0; r < _options.Recalls.Count && (bound is null || Math.Abs(_options.OverlapBounds[t] - bound.Value) < 1e-9); r++)
            {
                double value = Precision(t, r, category, area, detections);
                if (value > -1)
                    yield return value;
            }
        }
    }

    private double MeanRecall(int area, int detections)
    {
        var values = new List<double>();
        for (int t = 0; t < _options.OverlapBounds.Count; t++)
        {
            for (int k = 0; k < Categories.Count; k++)
            {
                if (Recall(t, k, area, detections) is > -1 and var value)
                    values.Add(value);
            }
        }

        return values.Count == 0 ? -1 : values.Average();
    }

    private int Cell(int bound, int category, int area, int detections) =>
        (((((bound * Categories.Count) + category) * _options.Areas.Count) + area) * _options.MaxDetections.Count) + detections;

    private int Cell(int bound, int recall, int category, int area, int detections) => (Cell(bound, category, area, detections) * _options.Recalls.Count) + recall;
}

using System.Globalization;

namespace PolaFormer.Training;

/// <summary>Sums of loss and hits over images.</summary>
public sealed class Metrics
{
    private double _loss;
    private long _top1, _top5;

    /// <summary>Images counted.</summary>
    public long Count { get; private set; }

    /// <summary>Mean loss of an image; 0 before the first.</summary>
    public double Loss => Count == 0 ? 0 : _loss / Count;

    /// <summary>Share of images whose label has the largest logit.</summary>
    public double Top1 => Count == 0 ? 0 : (double)_top1 / Count;

    /// <summary>Share of images whose label is among the five largest logits.</summary>
    public double Top5 => Count == 0 ? 0 : (double)_top5 / Count;

    /// <summary>The sums as text, for saving: <see cref="Parse"/> gives the same back, to the bit.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} {_loss:R} {_top1} {_top5}");

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">It is something else, or no sums that images can give.</exception>
    public static Metrics Parse(string text) =>
        text.Split(' ') is [string countText, string lossText, string top1Text, string top5Text]
        && IsCount(countText, out long count) && IsCount(top1Text, out long top1) && IsCount(top5Text, out long top5) && top1 <= top5 && top5 <= count
        && double.TryParse(lossText, NumberStyles.Float, CultureInfo.InvariantCulture, out double loss) && double.IsFinite(loss)
            ? new Metrics { Count = count, _loss = loss, _top1 = top1, _top5 = top5 }
            : throw new FormatException($"'{text}' are no sums of loss and hits over images.");

    private static bool IsCount(string text, out long count) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    /// <summary>Adds another's sums.</summary>
    public void Add(Metrics other)
    {
        _loss += other._loss;
        _top1 += other._top1;
        _top5 += other._top5;
        Count += other.Count;
    }

    /// <summary>Counts a batch.</summary>
    /// <param name="logits">(rows, classes), row-major.</param>
    /// <param name="labels">Class of each row.</param>
    /// <param name="meanLoss">Mean loss of the rows.</param>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, double meanLoss)
    {
        int classes = labels.Length == 0 ? 0 : logits.Length / labels.Length;
        for (int i = 0; i < labels.Length; i++)
        {
            int rank = RankOf(logits.Slice(i * classes, classes), labels[i]);
            _top1 += rank < 1 ? 1 : 0;
            _top5 += rank < 5 ? 1 : 0;
        }

        _loss += meanLoss * labels.Length;
        Count += labels.Length;
    }

    // Classes ahead of the label: larger logits, of equal ones those before it. A logit that is no number ranks last.
    private static int RankOf(ReadOnlySpan<float> logits, int label)
    {
        float own = logits[label];
        if (float.IsNaN(own))
            return int.MaxValue;
        int rank = 0;
        for (int c = 0; c < logits.Length; c++)
            rank += logits[c] > own || (logits[c] == own && c < label) ? 1 : 0;
        return rank;
    }
}

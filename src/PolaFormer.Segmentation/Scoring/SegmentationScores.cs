namespace PolaFormer.Segmentation.Scoring;

/// <summary>
/// The scores of mmsegmentation from counts of pixels. A score that is 0/0, as of a class that is nowhere, is NaN and left out of
/// means, unless a number replaces it.
/// </summary>
public sealed class SegmentationScores
{
    /// <summary>Computes all scores.</summary>
    /// <param name="counts">The pixels.</param>
    /// <param name="beta">Weight of the recall in the F-score.</param>
    /// <param name="nanToNum">What stands for NaN; null for NaN.</param>
    public SegmentationScores(PixelCounts counts, double beta = 1, double? nanToNum = null)
    {
        Accuracy = Replaced((double)counts.Intersection.Sum() / counts.Labelled.Sum());
        long[] union = counts.Union;
        IoU = Of(c => (double)counts.Intersection[c] / union[c]);
        ClassAccuracy = Of(c => (double)counts.Intersection[c] / counts.Labelled[c]);
        Dice = Of(c => 2.0 * counts.Intersection[c] / (counts.Predicted[c] + counts.Labelled[c]));
        Precision = Of(c => (double)counts.Intersection[c] / counts.Predicted[c]);
        Recall = Of(c => (double)counts.Intersection[c] / counts.Labelled[c]);
        FScore = Of(c =>
        {
            double precision = (double)counts.Intersection[c] / counts.Predicted[c], recall = (double)counts.Intersection[c] / counts.Labelled[c];
            return (1 + (beta * beta)) * (precision * recall) / ((beta * beta * precision) + recall);
        });

        double[] Of(Func<int, double> score) => [.. Enumerable.Range(0, counts.Classes).Select(c => Replaced(score(c)))];
        double Replaced(double score) => double.IsNaN(score) && nanToNum is { } number ? number : score;
    }

    /// <summary>Share of all labelled pixels that are right (aAcc).</summary>
    public double Accuracy { get; }

    /// <summary>Intersection over union of every class.</summary>
    public double[] IoU { get; }

    /// <summary>Share of the pixels of every class that are right (Acc).</summary>
    public double[] ClassAccuracy { get; }

    /// <summary>Dice's coefficient of every class.</summary>
    public double[] Dice { get; }

    /// <summary>Precision of every class.</summary>
    public double[] Precision { get; }

    /// <summary>Recall of every class.</summary>
    public double[] Recall { get; }

    /// <summary>F-score of every class.</summary>
    public double[] FScore { get; }

    /// <summary>Mean of <see cref="IoU"/>.</summary>
    public double MeanIoU => MeanOf(IoU);

    /// <summary>Mean of <see cref="ClassAccuracy"/>.</summary>
    public double MeanAccuracy => MeanOf(ClassAccuracy);

    /// <summary>Mean of the scores that are not NaN; NaN for none.</summary>
    public static double MeanOf(IReadOnlyList<double> scores)
    {
        double[] numbers = [.. scores.Where(score => !double.IsNaN(score))];
        return numbers.Length == 0 ? double.NaN : numbers.Sum() / numbers.Length;
    }

    /// <summary>A score as mmsegmentation reports it: in percent with two digits, as a share.</summary>
    public static double Reported(double score) => Math.Round(score * 100 * 100, MidpointRounding.ToEven) / 100 / 100;
}

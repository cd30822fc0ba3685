using PolaFormer.Training.Reporting;

namespace PolaFormer.Training.Tests.Reporting;

/// <summary>The course of a run made up: epochs of ten steps, losses that fall.</summary>
internal static class SampleRun
{
    public const int StepsPerEpoch = 10;

    public static RunDescription Start(int epochsDone = 0, int stepsDone = 0, string? resumedFrom = null) => new(
        "sample_net", 1_234_567, ["cat", "</script><b>dog"], ClassificationMetrics.Definitions, "MODEL:\n  NAME: sample_net\n", Epochs: 3, StepsPerEpoch, epochsDone, stepsDone, resumedFrom, TimeSpan.FromSeconds(epochsDone));

    public static TrainingProgress Step(int epoch, int step, double gradientNorm = 1.5)
    {
        int global = ((epoch - 1) * StepsPerEpoch) + step;
        return new TrainingProgress(epoch, 3, step, StepsPerEpoch, global, 2.0 / global, 2.5 / global, Top1(0.25), 1e-3 * global, gradientNorm, 640, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(global * 0.1));
    }

    public static EpochResult Epoch(int epoch, bool isAveraged = false) => new(
        epoch, epoch * StepsPerEpoch, 1.5 / epoch, Top1(0.2 * epoch), 1e-3, 640, Evaluation(epoch, 0.25), isAveraged ? Evaluation(epoch, 0.3) : null, LeftOut: 2, IsBest: true, TimeSpan.FromSeconds(epoch));

    /// <summary>Tells an observer of some epochs, from a start at the first of them.</summary>
    public static void Tell(ITrainingObserver observer, int from = 1, int to = 2, int lastStep = StepsPerEpoch, bool isAveraged = false, string? resumedFrom = null)
    {
        observer.RunStarted(Start(from - 1, 0, resumedFrom));
        for (int epoch = from; epoch <= to; epoch++)
        {
            int steps = epoch == to ? lastStep : StepsPerEpoch;
            for (int step = 1; step <= steps; step++)
                observer.StepDone(Step(epoch, step));
            if (steps == StepsPerEpoch)
                observer.EpochDone(Epoch(epoch, isAveraged));
        }
    }

    /// <summary>What a log of such a run reads as.</summary>
    public static RunLog Log(bool isAveraged) => new(
        RunRecord.From(Start()),
        Curves(Enumerable.Range(1, 3).SelectMany(epoch => Enumerable.Range(1, StepsPerEpoch).Select(step => StepRecord.From(Step(epoch, step))))),
        [.. Enumerable.Range(1, 3).Select(epoch => EpochRecord.From(Epoch(epoch, isAveraged)))],
        End: null);

    /// <summary>Curves over some steps.</summary>
    public static StepCurves Curves(IEnumerable<StepRecord> steps)
    {
        var curves = new StepCurves();
        foreach (StepRecord step in steps)
            curves.Add(step);
        return curves;
    }

    private static MetricValue Top1(double value) => new(ClassificationMetrics.Top1, value);

    private static Evaluation Evaluation(int epoch, double top1)
    {
        var metrics = new Metrics(ClassificationMetrics.Definitions);
        metrics.Add(100, 1.0 / epoch, 100 * top1 * epoch, 90);
        return new Evaluation(metrics, TimeSpan.FromSeconds(1));
    }
}

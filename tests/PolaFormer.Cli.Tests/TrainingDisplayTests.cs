using PolaFormer.Training;

namespace PolaFormer.Cli.Tests;

public sealed class TrainingDisplayTests
{
    private readonly StringWriter _output = new() { NewLine = "\n" };

    [Fact]
    public void WithoutATerminalEveryFewStepsHaveALine()
    {
        var display = new TrainingDisplay(_output, width: null, every: 2);
        for (int step = 1; step <= 5; step++)
            display.StepDone(Step(step));
        string[] lines = _output.ToString().TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal("epoch 1/3  step 2/10  loss 1.2500  top-1 25.0 %  lr 3.40e-4  640 images/s  1 min 30 s left", lines[0]);
    }

    [Fact]
    public void OnATerminalOneLineMovesAndIsCutToItsWidth()
    {
        var display = new TrainingDisplay(_output, () => 20, every: 2);
        display.StepDone(Step(1));
        display.StepDone(Step(2));
        Assert.Equal("\repoch 1/3  step 1/1\e[K\repoch 1/3  step 2/1\e[K", _output.ToString());
    }

    [Fact]
    public void TheTimeLeftCountsEvaluationsOnceOneWasMeasured()
    {
        var display = new TrainingDisplay(_output, width: null, every: 1);
        display.EpochDone(Epoch());
        display.StepDone(Step(1) with { Epoch = 2 });
        // 90 s of training, and two evaluations of both weights, 20 s and 10 s.
        Assert.EndsWith("2 min 30 s left\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnEpochTellsOfAveragedWeightsAndUnreadableImages()
    {
        new TrainingDisplay(_output, width: null, every: 1).EpochDone(Epoch());
        Assert.Equal(
            "epoch 1: loss 1.5000, train top-1 20.00 %; evaluation top-1 25.00 %, top-5 90.00 %, loss 1.0000, averaged weights 30.00 %; 640 images/s; 2 images could not be read (best)\n",
            _output.ToString());
    }

    [Fact]
    public void WhatATaskDoesNotMeasureIsNotTold()
    {
        var metrics = new Metrics([ClassificationMetrics.Top1]);
        metrics.Add(100, double.NaN, 25);
        var display = new TrainingDisplay(_output, width: null, every: 1);
        display.StepDone(Step(1) with { Metric = Top1(double.NaN) });
        display.EpochDone(Epoch() with { TrainMetric = Top1(double.NaN), Evaluation = new Evaluation(metrics, TimeSpan.FromSeconds(1)), EmaEvaluation = null, LeftOut = 0 });
        Assert.Equal(
            "epoch 1/3  step 1/10  loss 1.2500  lr 3.40e-4  640 images/s  1 min 30 s left\nepoch 1: loss 1.5000; evaluation top-1 25.00 %; 640 images/s (best)\n",
            _output.ToString());
    }

    [Fact]
    public void AFinishedRunThatIsStartedAgainSaysThatItIsFinished()
    {
        new TrainingDisplay(_output, width: null, every: 1).RunEnded(new RunEnd(true, Top1(0.25), TimeSpan.FromSeconds(3725), 30, 3, WasFinished: true));
        Assert.StartsWith("The run is finished: 3 epochs in 1 h 2 min, best top-1 25.00 %.", _output.ToString(), StringComparison.Ordinal);
    }

    private static TrainingProgress Step(int step) => new(1, 3, step, 10, step, 1.5, 1.25, Top1(0.25), 3.4e-4, 2, 640, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(5));

    private static EpochResult Epoch() => new(
        1, 10, 1.5, Top1(0.2), 1e-3, 640, Evaluation(25, seconds: 20), Evaluation(30, seconds: 10), LeftOut: 2, IsBest: true, TimeSpan.FromSeconds(60));

    private static MetricValue Top1(double value) => new(ClassificationMetrics.Top1, value);

    private static Evaluation Evaluation(int hits, double seconds)
    {
        var metrics = new Metrics(ClassificationMetrics.Definitions);
        metrics.Add(100, meanLoss: 1, hits, 90);
        return new Evaluation(metrics, TimeSpan.FromSeconds(seconds));
    }
}

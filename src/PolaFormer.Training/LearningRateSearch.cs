using PolaFormer.NN;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training;

/// <summary>
/// The range test of learning rates (Smith 2017): the rate grows by the same factor from step to step until the loss grows, and the
/// rate at which it fell most steeply is proposed. The network and the optimiser are used up by it.
/// </summary>
/// <param name="Points">Rate and smoothed loss of each step.</param>
/// <param name="Proposed">The rate to train with.</param>
public sealed record LearningRateSearch(IReadOnlyList<(double Rate, double Loss)> Points, double Proposed)
{
    /// <summary>Steps of a whole search.</summary>
    public const int Steps = 100;

    // The loss is averaged over about ten steps, and the search ends where it is four times the least one.
    private const double Smoothing = 0.9, Diverged = 4;

    /// <summary>Runs the test.</summary>
    /// <param name="task">What is trained; its batches are taken from the first epoch on.</param>
    /// <param name="optimizer">The update rule.</param>
    /// <param name="lowest">Rate of the first step.</param>
    /// <param name="highest">Rate of the last step.</param>
    /// <param name="stop">Ends the search after the step under way.</param>
    /// <exception cref="TrainingException">The loss grows or is not finite from the first steps on.</exception>
    public static LearningRateSearch Run(TrainingTask task, Optimizer optimizer, double lowest = 1e-6, double highest = 1, CancellationToken stop = default)
    {
        using IDisposable device = task.Device.Use();
        task.Model.Train();
        double mean = 0, least = double.PositiveInfinity;
        var points = new List<(double Rate, double Loss)>();
        using IEnumerator<TrainingBatch> batches = Forever(task).GetEnumerator();
        for (int step = 0; step < Steps && !stop.IsCancellationRequested && batches.MoveNext(); step++)
        {
            double rate = lowest * Math.Pow(highest / lowest, (double)step / (Steps - 1));
            RandomStep.Current = new RandomStep(0, (ulong)step);
            double loss = Step(task.Model, optimizer, batches.Current, rate);
            mean = (Smoothing * mean) + ((1 - Smoothing) * loss);
            double smoothed = mean / (1 - Math.Pow(Smoothing, step + 1));
            if (!double.IsFinite(smoothed) || smoothed > Diverged * least)
                break;
            least = Math.Min(least, smoothed);
            points.Add((rate, smoothed));
        }

        return new LearningRateSearch(points, Steepest(points));
    }

    /// <summary>The rate in the middle of the steepest fall of the loss over a tenth of the steps, on a logarithmic scale.</summary>
    /// <param name="points">Rate and loss of each step, rates ascending.</param>
    /// <exception cref="TrainingException">The loss falls nowhere.</exception>
    public static double Steepest(IReadOnlyList<(double Rate, double Loss)> points)
    {
        const int span = Steps / 10;
        int best = -1;
        double fall = 0;
        for (int i = 0; i + span < points.Count; i++)
        {
            double change = points[i].Loss - points[i + span].Loss;
            if (change > fall)
                (best, fall) = (i, change);
        }

        return best >= 0
            ? points[best + (span / 2)].Rate
            : throw new TrainingException("The search for a learning rate found none: the loss does not fall at any rate. Look at the labels, or start from another network.");
    }

    private static double Step(Module model, Optimizer optimizer, in TrainingBatch batch, double rate)
    {
        model.ZeroGrad();
        using var scope = MemoryScope.Enter();
        double loss;
        using (var tape = Tape.Start())
        {
            BatchResult result = batch.Run();
            loss = result.Loss.Item();
            if (double.IsFinite(loss))
                tape.Backward(result.Loss);
        }

        if (double.IsFinite(loss))
            optimizer.Step(rate);
        return loss;
    }

    private static IEnumerable<TrainingBatch> Forever(TrainingTask task)
    {
        for (int epoch = 0; ; epoch++)
        {
            foreach (TrainingBatch batch in task.Results(epoch, [.. Enumerable.Range(0, task.BatchesPerEpoch)]))
                yield return batch;
        }
    }
}

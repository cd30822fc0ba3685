namespace PolaFormer.Training.Reporting;

/// <summary>Curves over the steps of a run, thinned out while they are read: each point is the mean of as many steps as the run's length asks for.</summary>
internal sealed class StepCurves
{
    /// <summary>About two points a pixel of a wide chart.</summary>
    private const int MaxPoints = 1500;

    private static readonly Func<StepRecord, double>[] s_values =
        [step => step.GlobalStep, step => step.StepLoss, step => step.Lr, step => step.GradientNorm, step => step.ImagesPerSecond];

    // Sums of the steps of each point, in the order of s_values.
    private readonly List<double[]> _sums = [];
    private long _count;
    private long _stepsAPoint = 1;

    /// <summary>Steps taken.</summary>
    public long Count => _count;

    /// <summary>Means of the steps' numbers in the whole run.</summary>
    public double[] GlobalSteps => Means(0);

    /// <summary>Means of the losses.</summary>
    public double[] Losses => Means(1);

    /// <summary>Means of the learning rates.</summary>
    public double[] LearningRates => Means(2);

    /// <summary>Means of the gradients' norms.</summary>
    public double[] GradientNorms => Means(3);

    /// <summary>Means of the speeds.</summary>
    public double[] ImagesPerSecond => Means(4);

    /// <summary>Takes the next step.</summary>
    public void Add(StepRecord step)
    {
        if (_count++ % _stepsAPoint == 0)
        {
            if (_sums.Count == MaxPoints)
                Halve();
            _sums.Add(new double[s_values.Length]);
        }

        for (int i = 0; i < s_values.Length; i++)
            _sums[^1][i] += s_values[i](step);
    }

    private void Halve()
    {
        for (int point = 0; point < MaxPoints / 2; point++)
            _sums[point] = [.. _sums[2 * point].Zip(_sums[(2 * point) + 1], (a, b) => a + b)];
        _sums.RemoveRange(MaxPoints / 2, MaxPoints / 2);
        _stepsAPoint *= 2;
    }

    private double[] Means(int value)
    {
        long inLast = _count - ((_sums.Count - 1) * _stepsAPoint);
        return [.. _sums.Select((sums, point) => sums[value] / (point == _sums.Count - 1 ? inLast : _stepsAPoint))];
    }
}

using System.Diagnostics;
using PolaFormer.Distributed;
using PolaFormer.Tensors;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Parameters whose updates workers make in shares: each those of some, whose new values it then sends to the others. Which worker
/// makes which follows from shapes and the number of workers alone, and whoever makes an update computes the same bits. Of the
/// optimiser's state a worker has only that of its own parameters up to date.
/// </summary>
internal sealed class SharedUpdates
{
    private readonly WorkerGroup _workers;

    // By worker; all have the same.
    private readonly List<OptimizedParameter>[] _shares;
    private readonly HashSet<OptimizedParameter> _own;

    /// <summary>Shares parameters out.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="parameters">Parameters in the processor's memory, the same on every worker.</param>
    /// <param name="costOf">What an update takes, in any unit.</param>
    public SharedUpdates(WorkerGroup workers, IReadOnlyList<OptimizedParameter> parameters, Func<OptimizedParameter, double> costOf)
    {
        _workers = workers;
        _shares = [.. Enumerable.Range(0, workers.Size).Select(_ => new List<OptimizedParameter>())];
        foreach ((int parameter, int worker) in Balance([.. parameters.Select(costOf)], workers.Size))
            _shares[worker].Add(parameters[parameter]);
        _own = [.. _shares[workers.Rank]];
    }

    /// <summary>Time in which new values were exchanged, or waited for.</summary>
    public TimeSpan ExchangeTime { get; private set; }

    /// <summary>Gives each thing to the worker that has the least so far, the most costly first, so that no worker has more than 4/3 of the best split.</summary>
    /// <param name="costs">Cost of each thing.</param>
    /// <param name="workers">Number of workers.</param>
    /// <returns>Number of each thing with that of its worker, in the order in which they were given.</returns>
    public static IEnumerable<(int Thing, int Worker)> Balance(IReadOnlyList<double> costs, int workers)
    {
        double[] sums = new double[workers];
        foreach (int thing in Enumerable.Range(0, costs.Count).OrderByDescending(thing => costs[thing]))
        {
            int worker = Array.IndexOf(sums, sums.Min());
            sums[worker] += costs[thing];
            yield return (thing, worker);
        }
    }

    /// <summary>Whether this worker updates a parameter.</summary>
    public bool IsOwn(OptimizedParameter parameter) => _own.Contains(parameter);

    /// <summary>Sends the new values of this worker's parameters to all, and takes those of the others.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void Exchange()
    {
        long start = Stopwatch.GetTimestamp();
        Exchange(parameter => parameter.Parameter);
        ExchangeTime += Stopwatch.GetElapsedTime(start);
    }

    /// <summary>Gives every worker the state of all parameters.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void ExchangeState()
    {
        for (int i = 0; _shares[0].Count > 0 && i < _shares[0][0].State.Count; i++)
            Exchange(parameter => parameter.State[i].Tensor);
    }

    // A message for each parameter, from and to the memory where it lies.
    private void Exchange(Func<OptimizedParameter, Tensor> valuesOf)
    {
        int turns = _shares.Max(share => share.Count);
        for (int turn = 0; turn < turns; turn++)
            _workers.Exchange(worker => turn < _shares[worker].Count ? valuesOf(_shares[worker][turn]).AsBytes() : []);
    }
}

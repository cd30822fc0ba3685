using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// Computes this worker's micro-batches of a step side by side, so that batch norms take the statistics of all micro-batches of all
/// workers. Each has a thread, of which one runs at a time: up to a batch norm, then the next one's turn. The sums that batch norms
/// need add up in one binary tree over the micro-batches, so that they have the same bits for any number of workers.
/// </summary>
/// <remarks>Activations of all micro-batches of a worker are in memory at a time, as those of a whole batch are, and a gradient for each of them.</remarks>
internal sealed class MicroBatchTurns
{
    private readonly WorkerGroup _workers;
    private readonly BatchShare _share;
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Device _device;

    // A parameter's gradient of every micro-batch but that whose turn it is.
    private readonly (Tensor? Gradient, bool IsEmpty)[][] _gradients;
    private readonly SemaphoreSlim[] _turns;
    private readonly double[][] _values;
    private double[] _sums = [];
    private Exception? _failure;
    private int _installed, _finished;

    /// <summary>Prepares the turns.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="share">This one's micro-batches.</param>
    /// <param name="parameters">What gradients are computed of.</param>
    /// <param name="device">Where they are computed.</param>
    public MicroBatchTurns(WorkerGroup workers, BatchShare share, IReadOnlyList<Parameter> parameters, Device device)
    {
        (_workers, _share, _parameters, _device) = (workers, share, parameters, device);
        _gradients = [.. Enumerable.Range(0, share.Count).Select(_ => new (Tensor?, bool)[parameters.Count])];
        _turns = [.. Enumerable.Range(0, share.Count).Select(_ => new SemaphoreSlim(0))];
        _values = new double[share.Count][];
    }

    /// <summary>Runs the micro-batches of a step to their ends.</summary>
    /// <param name="compute">Computes one, by its number in the step: forward and backward pass. They end in order.</param>
    public void Run(Action<int> compute)
    {
        (_finished, _failure) = (0, null);
        Thread[] threads = [.. Enumerable.Range(0, _share.Count).Select(i => new Thread(() => Compute(i, compute)) { IsBackground = true, Name = $"micro-batch {_share.First + i}" })];
        foreach (Thread thread in threads)
            thread.Start();
        _turns[0].Release();
        foreach (Thread thread in threads)
            thread.Join();
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    private void Compute(int i, Action<int> compute)
    {
        _turns[i].Wait();
        try
        {
            if (_failure is null)
            {
                using IDisposable use = _device.Use();
                BatchPart.Current = new Part(this, i);
                Install(i);
                compute(_share.First + i);
            }
        }
        catch (Exception error)
        {
            _failure ??= error;
        }

        _finished++;
        if (_failure is not null)
            EndOthers();
        else if (i + 1 < _turns.Length)
            _turns[i + 1].Release();
    }

    // All wait for their turn but this one, or have finished.
    private void EndOthers()
    {
        foreach (SemaphoreSlim turn in _turns)
            turn.Release();
    }

    private void Install(int i)
    {
        if (_installed == i)
            return;
        for (int p = 0; p < _parameters.Count; p++)
            _gradients[_installed][p] = _parameters[p].SwapGrad(_gradients[i][p]);
        _installed = i;
    }

    private void AddUp(int i, Span<double> values)
    {
        _values[i] = values.ToArray();
        bool isLast = i == _turns.Length - 1;
        if (isLast)
            SumOverAll();
        if (_turns.Length > 1)
        {
            _turns[isLast ? 0 : i + 1].Release();
            _turns[i].Wait();
            if (_failure is not null)
                throw new OperationCanceledException("Another micro-batch failed.", _failure);
        }

        Install(i);
        _sums.CopyTo(values);
    }

    // The order of the tree follows from the numbers of the micro-batches alone.
    private void SumOverAll()
    {
        if (_finished > 0)
            throw new InvalidOperationException("TRAIN.SYNC_BATCH_NORM: micro-batches have different numbers of batch norms, so their statistics cannot be taken together.");
        double[][] all = [.. _workers.GatherAll(_values, Write, Read)];
        for (int distance = 1; distance < all.Length; distance *= 2)
        {
            for (int left = 0; left < all.Length; left += 2 * distance)
            {
                for (int k = 0; k < all[left].Length; k++)
                    all[left][k] += all[left + distance][k];
            }
        }

        _sums = all[0];
    }

    private static void Write(BinaryWriter writer, double[] values)
    {
        writer.Write(values.Length);
        writer.Write(MemoryMarshal.AsBytes<double>(values));
    }

    private static double[] Read(BinaryReader reader)
    {
        double[] values = new double[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private sealed class Part(MicroBatchTurns turns, int i) : IBatchParts
    {
        public bool MovesStatistics => i == 0;

        public void AddUp(Span<double> values) => turns.AddUp(i, values);
    }
}

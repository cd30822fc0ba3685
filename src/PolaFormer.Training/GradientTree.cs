using System.Diagnostics;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Training;

/// <summary>
/// Adds the gradients of a step's micro-batches in one balanced binary tree: neighbours first, then pairs of neighbours and so on.
/// The sums do not depend on how many workers compute the micro-batches. With the gradients go the running statistics that a
/// forward pass moves: each micro-batch starts from those of the step before, and the step takes their mean.
/// </summary>
/// <remarks>A worker keeps a sum for each level of its part of the tree, log₂ of its micro-batches, and the sum that is exchanged.</remarks>
internal sealed class GradientTree
{
    private readonly WorkerGroup _workers;
    private readonly GradientMemory _memory;
    private readonly BatchShare _share;

    // In the order in which a backward pass completes their gradients, from the last layer to the first.
    private readonly Parameter[] _parameters;
    private readonly (Tensor Live, Tensor Before)[] _statistics;
    private readonly int _length;
    private readonly Stack<Tensor> _spare = [];

    // Sums of neighbouring micro-batches, each twice as long as the one above it, or further left.
    private readonly Stack<Node> _nodes = [];
    private readonly GradientExchange? _exchange;
    private readonly bool _isOverlapped, _isSideBySide;
    private TimeSpan _waitTime;

    /// <summary>Prepares the sums.</summary>
    /// <param name="workers">The workers.</param>
    /// <param name="memory">Where gradients add up.</param>
    /// <param name="share">This one's micro-batches.</param>
    /// <param name="model">The network.</param>
    /// <param name="isOverlapped">Whether gradients leave while the backward pass runs, which it is observed for.</param>
    /// <param name="isSideBySide">Whether micro-batches begin before those before them end; the first one's running statistics are those of all.</param>
    /// <param name="isRing">Whether workers add in a ring, whose sums follow from their number; else along the tree.</param>
    /// <exception cref="WorkerException">The number of micro-batches is no power of two.</exception>
    public GradientTree(WorkerGroup workers, GradientMemory memory, BatchShare share, Module model, bool isOverlapped, bool isSideBySide = false, bool isRing = false)
    {
        if (!int.IsPow2(share.PerStep))
            throw new WorkerException($"TRAIN.MICRO_BATCHES: {share.PerStep} is no power of two.");
        (_workers, _memory, _share, _isOverlapped, _isSideBySide) = (workers, memory, share, isOverlapped, isSideBySide);
        _parameters = [.. model.Parameters().Where(parameter => parameter.RequiresGrad).Reverse()];
        _statistics = [.. model.StateDict().Where(entry => entry.Tensor is not Parameter).Select(entry => (entry.Tensor, entry.Tensor.Clone()))];
        int ofGradients = checked((int)_parameters.Sum(parameter => parameter.Count));
        _length = checked(ofGradients + (int)Averaged().Sum(live => live.Count));
        if (workers.Size > 1 && (isRing || int.IsPow2(workers.Size)))
            _exchange = new GradientExchange(workers, memory, _parameters, _length, isRing);
    }

    /// <summary>Time in which messages were under way.</summary>
    public TimeSpan ExchangeTime => _exchange?.ExchangeTime ?? _waitTime;

    /// <summary>Time in which this worker waited for them, its backward pass being done.</summary>
    public TimeSpan WaitTime => _exchange?.WaitTime ?? _waitTime;

    /// <summary>Begins a step: the running statistics are those to start from.</summary>
    public void Begin()
    {
        while (_nodes.TryPop(out Node node))
            _spare.Push(node.Sum);
        foreach ((Tensor live, Tensor before) in _statistics)
            before.CopyFrom(live);
    }

    /// <summary>Begins a micro-batch: gradients are 0, running statistics those of the step's start.</summary>
    /// <param name="number">Number in the step, from <see cref="BatchShare.First"/> on in order.</param>
    /// <returns>What observes the micro-batch's backward pass, and is disposed after it.</returns>
    public IDisposable? BeginMicroBatch(int number)
    {
        foreach (Parameter parameter in _parameters)
            parameter.ZeroGrad();
        if (_isSideBySide)
            return null;
        foreach ((Tensor live, Tensor before) in _statistics)
            live.CopyFrom(before);
        if (_exchange is null)
            return null;
        _exchange.BeginMicroBatch(number == _share.End - 1 ? Others() : null);
        return _isOverlapped ? Tape.Observe(_exchange) : null;
    }

    /// <summary>Takes the gradients and running statistics of a micro-batch.</summary>
    /// <param name="number">Number in the step.</param>
    /// <param name="isFinite">Whether its loss was finite; else its gradients are NaN, which reaches every worker through the sum.</param>
    public void Add(int number, bool isFinite)
    {
        // The exchange takes the last one itself.
        if (_exchange is not null && number == _share.End - 1)
        {
            if (_isSideBySide)
                _exchange.BeginMicroBatch(Others());
            _exchange.Complete(isFinite, ReadStatistics);
            return;
        }

        Tensor sum = NewSum();
        if (isFinite)
            Read(sum);
        else
            sum.Fill(float.NaN);
        var node = new Node(number, 1, sum);
        while (_nodes.TryPeek(out Node left) && left.Count == node.Count && left.First % (2 * left.Count) == 0)
        {
            _nodes.Pop();
            _memory.Add(left.Sum, node.Sum, 0, _length);
            _spare.Push(node.Sum);
            node = new Node(left.First, 2 * left.Count, left.Sum);
        }

        _nodes.Push(node);
    }

    /// <summary>Ends a step: gradients become the sums over the micro-batches of all workers, running statistics their means.</summary>
    public void End()
    {
        if (_exchange is not null)
        {
            Write(_exchange.End());
        }
        else if (_workers.Size == 1)
        {
            Write(_nodes.Peek().Sum);
        }
        else
        {
            long start = Stopwatch.GetTimestamp();
            Tensor sum = SumOf(0, _share.PerStep) ?? NewSum();
            _memory.Broadcast(sum);
            _memory.WaitForMessages();
            _waitTime += Stopwatch.GetElapsedTime(start);
            Write(sum);
            if (!_nodes.Any(node => node.Sum == sum))
                _spare.Push(sum);
        }
    }

    private Tensor[] Others() => [.. _nodes.Select(node => node.Sum)];

    private Tensor NewSum() => _spare.TryPop(out Tensor? spare) ? spare : _memory.New(_length);

    // For numbers of workers that are no power of two: the sum of a node of the tree on the worker that has its first micro-batch,
    // null elsewhere.
    private Tensor? SumOf(int first, int count)
    {
        if (_nodes.FirstOrDefault(node => node.First == first && node.Count == count) is { Sum: { } whole })
            return whole;
        (int left, int right) = (WorkerOf(first), WorkerOf(first + (count / 2)));
        if (count == 1 || (WorkerOf(first) == WorkerOf(first + count - 1) && left != _workers.Rank))
            return null;
        Tensor? sum = SumOf(first, count / 2), other = SumOf(first + (count / 2), count / 2);
        if (right == _workers.Rank && left != right)
            _memory.Send(left, other!);
        if (left != _workers.Rank)
            return null;
        if (right == left)
        {
            _memory.Add(sum!, other!, 0, _length);
            return sum;
        }

        Tensor received = NewSum();
        _memory.Receive(right, received);
        _memory.Add(sum!, received, 0, _length);
        _spare.Push(received);
        return sum;
    }

    // The inverse of BatchShare.Of.
    private int WorkerOf(int number) => (((number + 1) * _workers.Size) - 1) / _share.PerStep;

    private IEnumerable<Tensor> Averaged() => _statistics.Where(entry => entry.Live.DType == DType.Float32).Select(entry => entry.Live);

    private void Read(Tensor sum)
    {
        int place = 0;
        foreach (Parameter parameter in _parameters)
        {
            _memory.TakeGradient(parameter, sum, place);
            place += (int)parameter.Count;
        }

        ReadStatistics(sum, place);
    }

    private void ReadStatistics(Tensor sum, int place)
    {
        foreach (Tensor live in Averaged())
        {
            _memory.Take(live, sum, place);
            place += (int)live.Count;
        }
    }

    private void Write(Tensor sum)
    {
        int place = 0;
        foreach (Parameter parameter in _parameters)
        {
            _memory.PutGradient(sum, place, parameter);
            place += (int)parameter.Count;
        }

        foreach (Tensor live in Averaged())
        {
            _memory.PutMean(sum, place, live, _share.PerStep);
            place += (int)live.Count;
        }
    }

    private readonly record struct Node(int First, int Count, Tensor Sum);
}

using System.Diagnostics;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Training;

/// <summary>
/// Adds up gradients over workers while the backward pass of the last micro-batch still runs: parameters whose gradients are
/// complete leave in parts, one after the other and in one order on all workers, on threads of their own.
/// </summary>
/// <remarks>
/// A gradient is complete when as many operators have added to it as in the micro-batch before. Where that is wrong once, as in a
/// network whose course depends on its input, all workers exchange that step's gradients again.
/// </remarks>
internal sealed class GradientExchange : ITapeObserver
{
    private readonly WorkerGroup _workers;
    private readonly GradientMemory _memory;
    private readonly Parameter[] _parameters;
    private readonly Dictionary<Tensor, int> _numbers;
    private readonly int[] _places, _uses, _usesBefore;
    private readonly GradientPart[] _parts;
    private readonly Tensor _sum;
    private readonly bool _isRing;
    private readonly Lock _gate = new();
    private Tensor[]? _others;
    private Task _sending = Task.CompletedTask;
    private int _completed, _complete, _sent;
    private bool _isSending, _isKnown, _isLate;

    /// <summary>Plans the parts.</summary>
    /// <param name="workers">The workers; a power of two where they add along a tree.</param>
    /// <param name="memory">Where gradients add up.</param>
    /// <param name="parameters">In the order in which backward passes complete them.</param>
    /// <param name="length">Numbers to add up: those of the parameters, and others behind them.</param>
    /// <param name="isRing">Whether workers add in a ring.</param>
    public GradientExchange(WorkerGroup workers, GradientMemory memory, Parameter[] parameters, int length, bool isRing)
    {
        (_workers, _memory, _parameters, _sum, _isRing) = (workers, memory, parameters, memory.New(length), isRing);
        _numbers = parameters.Select((parameter, number) => (parameter, number)).ToDictionary(entry => (Tensor)entry.parameter, entry => entry.number);
        (_places, _uses, _usesBefore) = (new int[parameters.Length + 1], new int[parameters.Length], new int[parameters.Length]);
        for (int i = 0; i < parameters.Length; i++)
            _places[i + 1] = _places[i] + (int)parameters[i].Count;
        _parts = GradientPart.Plan([.. parameters.Select(parameter => (int)parameter.Count)], length);
    }

    /// <summary>Time in which messages were under way; 0 where the device has them queued.</summary>
    public TimeSpan ExchangeTime { get; private set; }

    /// <summary>Time in which the caller waited for them.</summary>
    public TimeSpan WaitTime { get; private set; }

    /// <summary>Begins a micro-batch.</summary>
    /// <param name="others">Before the last one, the sums of this worker's others, the shortest first; else null.</param>
    public void BeginMicroBatch(Tensor[]? others)
    {
        Array.Clear(_uses);
        (_others, _completed, _complete, _sent, _isLate) = (others, 0, 0, 0, false);
    }

    /// <inheritdoc/>
    public void Recorded(Operator op, Tensor output)
    {
    }

    /// <inheritdoc/>
    public void GradientComputed(Operator op, Columns gradient)
    {
    }

    /// <inheritdoc/>
    public void LeafGradientAdded(Tensor leaf)
    {
        if (!_numbers.TryGetValue(leaf, out int number))
            return;
        _uses[number]++;
        if (_others is null || !_isKnown)
            return;
        if (number < _completed)
            _isLate = true;

        // Parameters leave in their order: those behind an incomplete one wait for it.
        while (_completed < _parameters.Length && _uses[_completed] == _usesBefore[_completed])
            TakeNext();
    }

    /// <summary>Takes what the backward pass of the last micro-batch has not completed.</summary>
    /// <param name="isFinite">Whether its loss was finite; else NaN takes the place of the gradients.</param>
    /// <param name="readOthers">Reads the numbers behind those of the parameters, to a place of a tensor.</param>
    public void Complete(bool isFinite, Action<Tensor, int> readOthers)
    {
        while (_completed < _parameters.Length)
            TakeNext();
        int place = _places[^1], length = (int)_sum.Count;
        readOthers(_sum, place);
        AddOthers(place, length - place);
        int start = _parts[Math.Min(_complete, _parts.Length - 1)].Start;
        if (!isFinite)
            _sum.Slice(0, start, length - start).Fill(float.NaN);
        _completed = _parameters.Length + 1;
        SendCompleteParts();
    }

    /// <summary>Waits for the sums over all workers.</summary>
    /// <returns>The sums, until the next step.</returns>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public Tensor End()
    {
        long start = Stopwatch.GetTimestamp();
        _sending.GetAwaiter().GetResult();
        if (_workers.Any(_isLate ? 1 : 0) != 0)
        {
            _memory.WaitForMessages();
            for (int i = 0; i < _parameters.Length; i++)
                TakeGradient(i);
            _memory.SumOverWorkers(_sum, 0, _places[^1], _isRing);
        }

        _memory.WaitForMessages();
        WaitTime += Stopwatch.GetElapsedTime(start);
        _uses.CopyTo(_usesBefore, 0);
        _isKnown = true;
        return _sum;
    }

    private void TakeNext()
    {
        TakeGradient(_completed);
        _completed++;
        SendCompleteParts();
    }

    // This worker's sum of the tree: its others were added already.
    private void TakeGradient(int number)
    {
        _memory.TakeGradient(_parameters[number], _sum, _places[number]);
        AddOthers(_places[number], (int)_parameters[number].Count);
    }

    private void AddOthers(int place, int count)
    {
        if (count == 0)
            return;
        foreach (Tensor other in _others!)
            _memory.Add(_sum, other, place, count);
    }

    // A thread sends one part after the other while there are any, so that a step starts few threads.
    private void SendCompleteParts()
    {
        lock (_gate)
        {
            while (_complete < _parts.Length && _parts[_complete].EndOfParameters <= _completed)
                _complete++;
            if (_isSending || _sent == _complete)
                return;
            _isSending = true;
        }

        if (_memory.IsQueued)
            Send();
        else
            _sending = Task.Factory.StartNew(Send, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Send()
    {
        while (true)
        {
            GradientPart part;
            lock (_gate)
            {
                if (_sent == _complete)
                {
                    _isSending = false;
                    return;
                }

                part = _parts[_sent++];
            }

            long start = Stopwatch.GetTimestamp();
            _memory.SumOverWorkers(_sum, part.Start, part.End - part.Start, _isRing);
            if (!_memory.IsQueued)
                ExchangeTime += Stopwatch.GetElapsedTime(start);
        }
    }
}

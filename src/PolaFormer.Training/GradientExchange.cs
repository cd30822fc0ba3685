using System.Diagnostics;
using System.Runtime.InteropServices;
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
    private readonly Parameter[] _parameters;
    private readonly Dictionary<Tensor, int> _numbers;
    private readonly int[] _places, _uses, _usesBefore;
    private readonly GradientPart[] _parts;
    private readonly float[] _sum;
    private readonly bool _isRing;
    private readonly Lock _gate = new();
    private float[][]? _others;
    private Task _sending = Task.CompletedTask;
    private int _completed, _complete, _sent;
    private bool _isSending, _isKnown, _isLate;

    /// <summary>Plans the parts.</summary>
    /// <param name="workers">The workers; a power of two where they add along a tree.</param>
    /// <param name="parameters">In the order in which backward passes complete them.</param>
    /// <param name="length">Numbers to add up: those of the parameters, and others behind them.</param>
    /// <param name="isRing">Whether workers add in a ring.</param>
    public GradientExchange(WorkerGroup workers, Parameter[] parameters, int length, bool isRing)
    {
        (_workers, _parameters, _sum, _isRing) = (workers, parameters, new float[length], isRing);
        _numbers = parameters.Select((parameter, number) => (parameter, number)).ToDictionary(entry => (Tensor)entry.parameter, entry => entry.number);
        (_places, _uses, _usesBefore) = (new int[parameters.Length + 1], new int[parameters.Length], new int[parameters.Length]);
        for (int i = 0; i < parameters.Length; i++)
            _places[i + 1] = _places[i] + (int)parameters[i].Count;
        _parts = GradientPart.Plan([.. parameters.Select(parameter => (int)parameter.Count)], length);
    }

    /// <summary>Time in which messages were under way.</summary>
    public TimeSpan ExchangeTime { get; private set; }

    /// <summary>Time in which the caller waited for them.</summary>
    public TimeSpan WaitTime { get; private set; }

    /// <summary>A parameter's gradient; zeros where it has none.</summary>
    public static void ReadGradient(Parameter parameter, Span<float> values)
    {
        if (parameter.Grad is { } gradient)
            gradient.ReadBytes(0, MemoryMarshal.AsBytes(values));
        else
            values.Clear();
    }

    /// <summary>Begins a micro-batch.</summary>
    /// <param name="others">Before the last one, the sums of this worker's others, the shortest first; else null.</param>
    public void BeginMicroBatch(float[][]? others)
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
    /// <param name="readOthers">Reads the numbers behind those of the parameters.</param>
    public void Complete(bool isFinite, Action<Memory<float>> readOthers)
    {
        while (_completed < _parameters.Length)
            TakeNext();
        readOthers(_sum.AsMemory(_places[^1]));
        AddOthers(_sum.AsSpan(_places[^1]), _places[^1]);
        if (!isFinite)
            _sum.AsSpan(_parts[Math.Min(_complete, _parts.Length - 1)].Start).Fill(float.NaN);
        _completed = _parameters.Length + 1;
        SendCompleteParts();
    }

    /// <summary>Waits for the sums over all workers.</summary>
    /// <returns>The sums, until the next step.</returns>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public float[] End()
    {
        long start = Stopwatch.GetTimestamp();
        _sending.GetAwaiter().GetResult();
        if (_workers.Any(_isLate ? 1 : 0) != 0)
        {
            for (int i = 0; i < _parameters.Length; i++)
                TakeGradient(i);
            Sum(_sum.AsSpan(0, _places[^1]));
        }

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
        Span<float> values = _sum.AsSpan(_places[number].._places[number + 1]);
        ReadGradient(_parameters[number], values);
        AddOthers(values, _places[number]);
    }

    private void AddOthers(Span<float> values, int place)
    {
        foreach (float[] other in _others!)
            ElementwiseSum.AddTo(values, other.AsSpan(place, values.Length));
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
            _sending = Task.Factory.StartNew(Send, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
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
            Sum(_sum.AsSpan(part.Start..part.End));
            ExchangeTime += Stopwatch.GetElapsedTime(start);
        }
    }

    private void Sum(Span<float> values)
    {
        if (_isRing)
            _workers.SumInRing(values);
        else
            _workers.SumInTree(values);
    }
}

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
    // Large enough that a message's start costs little beside its bytes, small enough that the first leaves early.
    private const int PartLength = 1 << 20;

    private readonly WorkerGroup _workers;
    private readonly Parameter[] _parameters;
    private readonly Dictionary<Tensor, int> _numbers;
    private readonly int[] _places, _uses, _usesBefore;
    private readonly (int Start, int End, int EndOfParameters)[] _parts;
    private readonly float[] _sum;
    private float[][]? _others;
    private Task _sending = Task.CompletedTask;
    private int _completed, _sent;
    private bool _isKnown, _isLate;

    /// <summary>Plans the parts.</summary>
    /// <param name="workers">The workers, a power of two.</param>
    /// <param name="parameters">In the order in which backward passes complete them.</param>
    /// <param name="length">Numbers to add up: those of the parameters, and others behind them.</param>
    public GradientExchange(WorkerGroup workers, Parameter[] parameters, int length)
    {
        (_workers, _parameters, _sum) = (workers, parameters, new float[length]);
        _numbers = parameters.Select((parameter, number) => (parameter, number)).ToDictionary(entry => (Tensor)entry.parameter, entry => entry.number);
        (_places, _uses, _usesBefore) = (new int[parameters.Length + 1], new int[parameters.Length], new int[parameters.Length]);
        var parts = new List<(int Start, int End, int EndOfParameters)>();
        int start = 0;
        for (int i = 0; i < parameters.Length; i++)
        {
            _places[i + 1] = _places[i] + (int)parameters[i].Count;
            if (_places[i + 1] - start >= PartLength)
            {
                parts.Add((start, _places[i + 1], i + 1));
                start = _places[i + 1];
            }
        }

        _parts = [.. parts, (start, length, parameters.Length + 1)];
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
        (_others, _completed, _sent, _isLate) = (others, 0, 0, false);
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
            _sum.AsSpan(_parts[Math.Min(_sent, _parts.Length - 1)].Start).Fill(float.NaN);
        _completed = _parameters.Length + 1;
        SendCompleteParts();
    }

    /// <summary>Waits for the sums over all workers.</summary>
    /// <returns>The sums, until the next step.</returns>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public float[] End()
    {
        Wait();
        if (_workers.Any(_isLate ? 1 : 0) != 0)
        {
            for (int i = 0; i < _parameters.Length; i++)
                TakeGradient(i);
            _workers.SumInTree(_sum.AsSpan(0, _places[^1]));
        }

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

    private void SendCompleteParts()
    {
        for (; _sent < _parts.Length && _parts[_sent].EndOfParameters <= _completed; _sent++)
        {
            (int start, int end, _) = _parts[_sent];
            _sending = _sending.ContinueWith(before => Exchange(before, start, end), CancellationToken.None, TaskContinuationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void Wait()
    {
        long start = Stopwatch.GetTimestamp();
        _sending.GetAwaiter().GetResult();
        WaitTime += Stopwatch.GetElapsedTime(start);
    }

    private void Exchange(Task before, int start, int end)
    {
        // Its failure is this one's.
        before.GetAwaiter().GetResult();
        long began = Stopwatch.GetTimestamp();
        _workers.SumInTree(_sum.AsSpan(start..end));
        ExchangeTime += Stopwatch.GetElapsedTime(began);
    }
}

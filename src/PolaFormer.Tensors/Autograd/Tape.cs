using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors.Autograd;

/// <summary>
/// The operators applied on this thread since the tape was started, in order. Backward goes through them from the last to the
/// first and releases what each had saved.
/// </summary>
/// <example><code>
/// using var tape = Tape.Start();
/// Tensor loss = model.Forward(images).CrossEntropy(labels);
/// tape.Backward(loss);
/// </code></example>
public sealed class Tape : IDisposable
{
    [ThreadStatic]
    private static Tape? t_current;

    // A list that an ended tape of this thread has left, so that a training step need not grow a new one.
    [ThreadStatic]
    private static List<Operator>? t_spareList;

    [ThreadStatic]
    private static ITapeObserver? t_observer;

    [ThreadStatic]
    private static Operator? t_currentBackward;

    private static readonly List<Operator> Nothing = [];

    private readonly Tape? _outer;
    private List<Operator> _operators;

    private Tape()
    {
        _outer = t_current;
        _operators = t_spareList ?? new List<Operator>(512);
        t_spareList = null;
    }

    /// <summary>The tape of this thread; null where nothing is recorded.</summary>
    public static Tape? Current => GradMode.IsEnabled ? t_current : null;

    /// <summary>The operator whose backward pass this thread runs; null outside one.</summary>
    public static Operator? CurrentBackward => t_currentBackward;

    /// <summary>Whether this thread runs a function again that <see cref="Recompute"/> ran before: statistics must not move twice.</summary>
    public static bool IsRecomputing => Recomputation.IsRerunning;

    /// <summary>Number of operators recorded whose backward pass has not run.</summary>
    public int Count => _operators.Count;

    /// <summary>Starts recording on this thread until the tape is disposed.</summary>
    public static Tape Start() => t_current = new Tape();

    /// <summary>
    /// A function's result, of which the tape keeps the inputs alone: backward runs the function again. The second run must draw
    /// the same random numbers. Values and gradients have the bits of a plain call.
    /// </summary>
    /// <param name="function">Computes from the inputs, and from tensors that are kept until the backward pass, such as parameters.</param>
    /// <param name="inputs">Tensors that the function reads and whose memory would else be gone by then.</param>
    public static Tensor Recompute(Func<Tensor> function, params ReadOnlySpan<Tensor?> inputs) => Recomputation.Forward(function, inputs);

    /// <summary>Shows this thread's operators to an observer until the result is disposed.</summary>
    public static IDisposable Observe(ITapeObserver observer)
    {
        var observation = new Observation(t_observer);
        t_observer = observer;
        return observation;
    }

    /// <summary>Computes the gradient of <paramref name="loss"/> for every parameter that it depends on.</summary>
    /// <param name="loss">Output of a recorded operator.</param>
    /// <param name="gradient">∂L/∂loss; 1 where not given, which needs a one-element loss.</param>
    /// <exception cref="InvalidOperationException">The loss depends on no parameter, or is no scalar and no gradient is given.</exception>
    public void Backward(Tensor loss, Tensor? gradient = null)
    {
        if (loss.Producer is not { } last)
            throw new InvalidOperationException("Backward: the loss was not recorded; it depends on no parameter, or was computed outside the tape.");
        if (gradient is null && loss.Count != 1)
            throw new InvalidOperationException($"Backward: a loss of shape {loss.Shape} needs a gradient of the same shape; only a one-element loss starts from 1.");

        Operator? outer = t_currentBackward;
        try
        {
            using GradMode mode = GradMode.Disable();
            using MemoryScope scope = MemoryScope.Enter();
            last.Receive(gradient ?? Tensor.Full(loss.Shape, 1, loss.Device));
            for (int i = _operators.Count - 1; i >= 0; i--)
                RunBackward(i);
        }
        finally
        {
            t_currentBackward = outer;
        }
    }

    private void RunBackward(int i)
    {
        Operator op = _operators[i];
        using (MemoryScope.Enter())
        {
            op.CompleteGradient();
            t_currentBackward = op;
            if (op.Gradient is { } dy)
            {
                op.KeptOutput?.AccumulateGrad(dy);
                op.RunBackward(dy);
            }
        }

        op.Release();
        _operators.RemoveAt(i);
    }

    /// <summary>Stops recording and releases everything saved.</summary>
    public void Dispose()
    {
        foreach (Operator op in _operators)
            op.Release();
        _operators.Clear();
        if (_operators != Nothing)
            t_spareList = _operators;
        _operators = Nothing;
        if (ReferenceEquals(t_current, this))
            t_current = _outer;
    }

    internal static ITapeObserver? Observer => t_observer;

    /// <summary>Whether an operator with this input must be recorded.</summary>
    internal static bool IsRecording(Tensor a) => Current is not null && a.IsTracked;

    /// <inheritdoc cref="IsRecording(Tensor)"/>
    internal static bool IsRecording(Tensor a, Tensor? b, Tensor? c = null, Tensor? d = null, Tensor? e = null) =>
        Current is not null && (a.IsTracked || b is { IsTracked: true } || c is { IsTracked: true } || d is { IsTracked: true } || e is { IsTracked: true });

    /// <summary>Appends an application with its output.</summary>
    internal static Tensor Record(Operator op, Tensor output)
    {
        output.Producer = op;
        t_current!._operators.Add(op);
        t_observer?.Recorded(op, output);
        return output;
    }

    /// <summary>Guards an operator that has no backward.</summary>
    /// <exception cref="InvalidOperationException">The input is tracked: its gradient would silently be cut.</exception>
    internal static void RequireUntracked(string name, Tensor input)
    {
        if (IsRecording(input))
            throw new InvalidOperationException($"{name} has no gradient, but its input needs one. Detach() the input, or compute under GradMode.Disable(), if the gradient should stop here.");
    }

    private sealed class Observation(ITapeObserver? before) : IDisposable
    {
        public void Dispose() => t_observer = before;
    }
}

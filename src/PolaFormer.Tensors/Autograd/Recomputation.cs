namespace PolaFormer.Tensors.Autograd;

/// <summary>
/// y = f(x…), of which only the inputs are kept: backward runs f again and then the backward passes of what it records (activation checkpointing;
/// Chen et al., https://arxiv.org/abs/1604.06174). Both runs record, the first on a tape that is thrown away, so that they call
/// the same kernels as a run without this operator; the second run's backward pass ends at the inputs, whose gradients add
/// up in the same order as without it. So values and gradients have the same bits.
/// </summary>
internal sealed class Recomputation : Operator
{
    [ThreadStatic]
    private static bool t_rerunning;

    private readonly Func<Tensor> _function;

    private Recomputation(Func<Tensor> function, ReadOnlySpan<Tensor?> inputs)
    {
        _function = function;
        foreach (Tensor? input in inputs)
            SaveIfPresent(input);
    }

    /// <summary>Whether this thread is running a function the second time.</summary>
    public static bool IsRerunning => t_rerunning;

    public static Tensor Forward(Func<Tensor> function, ReadOnlySpan<Tensor?> inputs)
    {
        if (Tape.Current is null)
            return function();
        Tensor y;
        using (Tape.Start())
            y = function().Detach();
        return Tape.Record(new Recomputation(function, inputs), y);
    }

    protected internal override void Backward(Tensor dy)
    {
        bool before = t_rerunning;
        t_rerunning = true;
        try
        {
            using GradMode mode = GradMode.Enable();
            using Tape tape = Tape.Start();
            Tensor y = _function();
            if (y.Producer is null)
                Accumulate(y, dy);
            else
                tape.Backward(y, dy);
        }
        finally
        {
            t_rerunning = before;
        }
    }
}

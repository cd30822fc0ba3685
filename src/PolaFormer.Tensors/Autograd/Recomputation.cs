namespace PolaFormer.Tensors.Autograd;

/// <summary>
/// y = f(x), of which only x is kept: backward runs f again and walks what it records (activation checkpointing; Chen et al.,
/// https://arxiv.org/abs/1604.06174). Both runs record, the first on a tape that is thrown away, so that they call the very
/// same kernels as a run without this operator and values and gradients have its bits.
/// </summary>
internal sealed class Recomputation : Operator
{
    [ThreadStatic]
    private static bool t_rerunning;

    private readonly Tensor _x;
    private readonly Func<Tensor, Tensor> _function;

    private Recomputation(Tensor x, Func<Tensor, Tensor> function)
    {
        _x = Save(x);
        _function = function;
    }

    /// <summary>Whether this thread is running a function the second time.</summary>
    public static bool IsRerunning => t_rerunning;

    public static Tensor Forward(Tensor x, Func<Tensor, Tensor> function)
    {
        if (Tape.Current is null)
            return function(x);
        Tensor y;
        using (Tape.Start())
            y = function(x).Detach();
        return Tape.Record(new Recomputation(x, function), y);
    }

    protected internal override void Backward(Tensor dy)
    {
        bool before = t_rerunning;
        t_rerunning = true;
        try
        {
            using GradMode mode = GradMode.Enable();
            using Tape tape = Tape.Start();
            Tensor y = _function(_x.IsTracked ? Tape.Record(new Entry(this), _x.Detach()) : _x);
            if (y.Producer is not null)
                tape.Backward(y, dy);
        }
        finally
        {
            t_rerunning = before;
        }
    }

    /// <summary>Where the second run's walk ends: the gradient of its input is the first run's.</summary>
    internal sealed class Entry(Recomputation owner) : Operator
    {
        protected internal override void Backward(Tensor dy) => owner.Accumulate(owner._x, dy);
    }
}

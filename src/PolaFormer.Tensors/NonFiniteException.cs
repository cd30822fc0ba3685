namespace PolaFormer.Tensors;

/// <summary>A value has become infinite or NaN; the message names the operator that computed it, its module and the step.</summary>
/// <param name="op">Name of the operator.</param>
/// <param name="module">Full name of the module whose forward pass applied it; empty outside of modules.</param>
/// <param name="step">Number of the training step, counted from 0.</param>
/// <param name="isBackward">Whether it is a gradient of one of the operator's inputs; else its result.</param>
/// <param name="shape">Shape of the values.</param>
/// <param name="nans">How many are NaN.</param>
/// <param name="infinities">How many are infinite.</param>
public sealed class NonFiniteException(string op, string module, ulong step, bool isBackward, Shape shape, long nans, long infinities)
    : Exception($"Step {step}, {(isBackward ? "backward" : "forward")}: {(isBackward ? "the gradient from" : "the result of")} {op} in {(module.Length == 0 ? "no module" : module)}, {shape}, holds {nans} NaN and {infinities} infinite values; it is the first that does. Lower the learning rate, or look at this layer's input and weights.")
{
    /// <summary>Name of the operator.</summary>
    public string Operator => op;

    /// <summary>Full name of the module whose forward pass applied it; empty outside of modules.</summary>
    public string Module => module;

    /// <summary>Number of the training step, counted from 0.</summary>
    public ulong Step => step;

    /// <summary>Whether it is a gradient of one of the operator's inputs; else its result.</summary>
    public bool IsBackward => isBackward;

    /// <summary>Shape of the values.</summary>
    public Shape Shape => shape;

    /// <summary>How many are NaN.</summary>
    public long NaNs => nans;

    /// <summary>How many are infinite.</summary>
    public long Infinities => infinities;
}

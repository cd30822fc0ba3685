using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.NN;

/// <summary>Records for every operator which module applied it, so that backward passes have a name too.</summary>
public class OperatorOrigins : ITapeObserver
{
    /// <summary>Full name of the module whose forward pass runs on this thread, or applied the operator whose backward pass does.</summary>
    public static string CurrentModule => (Module.Running ?? Tape.CurrentBackward?.Origin as Module)?.FullName ?? "";

    /// <inheritdoc/>
    public virtual void Recorded(Operator op, Tensor output) => op.Origin = Module.Running;

    /// <inheritdoc/>
    public virtual void GradientComputed(Operator op, Columns gradient)
    {
    }
}

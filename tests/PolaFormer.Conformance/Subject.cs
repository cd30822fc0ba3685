using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>What a case runs: a module with its state, or a plain function.</summary>
/// <param name="Module">Holds the parameters; null for a function without any.</param>
/// <param name="Forward">From the input to the only output.</param>
/// <param name="Input">The authors' layout of the input.</param>
/// <param name="Output">The authors' layout of the output.</param>
internal sealed record Subject(Module? Module, Func<Tensor, Tensor> Forward, Layout Input, Layout Output)
{
    /// <summary>A module of one input.</summary>
    public Subject(Module module, Layout input, Layout output)
        : this(module, module.Forward, input, output)
    {
    }

    /// <summary>A module whose input and output are laid out alike.</summary>
    public Subject(Module module, Layout layout)
        : this(module, layout, layout)
    {
    }
}

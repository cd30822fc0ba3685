using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>
/// act(norm(convolution(x))): a convolution with batch norm and activation that become one pass when optimised for inference. The parts stay
/// children of the module that uses them, under the names of its state dict.
/// </summary>
/// <param name="Convolution">The convolution.</param>
/// <param name="Norm">The norm after it.</param>
/// <param name="Activation">The function after that.</param>
public sealed record ConvNorm(Conv2d Convolution, BatchNorm2d Norm, Activation Activation = Activation.None)
{
    /// <summary>Applies the parts in turn.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor y = Norm.Forward(Convolution.Forward(x));
        return Norm.IsFolded ? y : y.Activate(Activation);
    }

    /// <summary>Folds norm and activation into the convolution.</summary>
    public void Fold() => Norm.FoldInto(Convolution, Activation);
}

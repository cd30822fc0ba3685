using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>A module that ends in a linear layer, which adds a residual in its own pass and can take over a scaling of its outputs.</summary>
public abstract class ProjectedModule : Module
{
    /// <summary>The last layer.</summary>
    protected abstract Linear Projection { get; }

    /// <summary>Folds a factor for each output channel, applied after this module until now, into the last layer.</summary>
    /// <param name="factors">As many as output channels.</param>
    public void FoldScale(ReadOnlySpan<float> factors)
    {
        Projection.Weight.ScaleRows(factors);
        Projection.Bias?.ScaleRows(factors);
    }

    /// <summary>All before the last layer.</summary>
    protected abstract Tensor Mix(Tensor x);

    /// <inheritdoc/>
    protected sealed override Tensor Run(Tensor x) => Projection.Forward(Mix(x));

    /// <inheritdoc/>
    protected sealed override Tensor RunOnto(Tensor residual, Tensor x) => Projection.ForwardOnto(residual, Mix(x));
}

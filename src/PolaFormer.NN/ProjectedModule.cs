using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>A module that ends in a linear layer, which adds a residual in its own pass and can take over a scaling of its outputs.</summary>
public abstract class ProjectedModule : Module
{
    private readonly Dropout? _dropout;

    /// <summary>Chance that an element of the result is dropped in training, in [0, 1); 0 unless set.</summary>
    public float DropRate
    {
        get => _dropout?.Probability ?? 0;
        init => _dropout = value > 0 ? AddChild("proj_drop", new Dropout(value)) : null;
    }

    /// <summary>The last layer.</summary>
    protected abstract Linear Projection { get; }

    /// <summary>Folds a factor for each output channel, applied after this module until now, into the last layer.</summary>
    /// <param name="factors">As many as output channels, of any shape.</param>
    public void FoldScale(Tensor factors)
    {
        Projection.Weight.ScaleRows(factors);
        Projection.Bias?.ScaleRows(factors);
    }

    /// <summary>The last layer, and dropout in training.</summary>
    protected Tensor Project(Tensor mixed)
    {
        Tensor y = Projection.Forward(mixed);
        return _dropout is null ? y : _dropout.Forward(y);
    }

    /// <summary>All before the last layer.</summary>
    protected abstract Tensor Mix(Tensor x);

    /// <inheritdoc/>
    protected sealed override Tensor Run(Tensor x) => Project(Mix(x));

    /// <inheritdoc/>
    protected sealed override Tensor RunOnto(Tensor residual, Tensor x) =>
        _dropout is { IsActive: true } ? residual + Run(x) : Projection.ForwardOnto(residual, Mix(x));
}

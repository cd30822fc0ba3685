using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = x·Wᵀ + b over the last dimension, W (out, in). ∂x = ∂y·W, ∂W = ∂yᵀ·x, ∂b = Σ rows of ∂y.</summary>
internal sealed class Linear : Operator
{
    private readonly Tensor _x, _weight;
    private readonly Tensor? _bias;

    private Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        _x = Save(x);
        _weight = Save(weight);
        _bias = bias;
    }

    /// <summary>act(x·Wᵀ + b), or x·Wᵀ + b + residual: one pass unless the tape records.</summary>
    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual)
    {
        if (activation != Activation.None && residual is not null)
            throw new ArgumentException("A linear layer applies an activation or adds a residual, not both.");
        if (activation == Activation.None && residual is null)
            return Forward(x, weight, bias);
        if (Tape.IsRecording(x, weight, bias, residual))
        {
            Tensor product = Forward(x, weight, bias);
            return residual is null ? product.Activate(activation) : residual + product;
        }
        RequireFit(x, weight);
        Tensor y = x.Device.Empty(x.Shape.With(-1, weight.Shape[0]));
        if (residual is not null && residual.Shape != y.Shape)
            throw new ArgumentException($"The residual {residual.Shape} is not as large as the result {y.Shape}.");
        x.Device.Linear(x, weight, bias, activation, residual, y);
        return y;
    }

    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias)
    {
        RequireFit(x, weight);
        Tensor y = x.Device.Empty(x.Shape.With(-1, weight.Shape[0]));
        x.Device.Linear(x, weight, bias, y);
        return Tape.IsRecording(x, weight, bias) ? Tape.Record(new Linear(x, weight, bias), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x), dweight = NewGradient(_weight), dbias = NewGradient(_bias);
        dy.Device.LinearBackward(_x, _weight, dy, dx, dweight, dbias);
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    private static void RequireFit(Tensor x, Tensor weight)
    {
        if (weight.Rank != 2 || x.Rank < 1 || x.Shape[-1] != weight.Shape[1])
            throw new ArgumentException($"A linear layer with weight {weight.Shape} does not take input {x.Shape}.");
    }
}

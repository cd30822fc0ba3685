using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = f(h)·W₂ᵀ + b₂ (+ residual) with h = x·W₁ᵀ + b₁: two linear layers with an activation between. Of what lies between
/// them only h is kept. With ∂h = (∂y·W₂)·f′(h): ∂W₂ = ∂yᵀ·f(h), ∂b₂ = Σ ∂y, ∂W₁ = ∂hᵀ·x, ∂b₁ = Σ ∂h, ∂x = ∂h·W₁,
/// sums over rows, and ∂residual = ∂y.
/// </summary>
internal sealed class FeedForward : Operator
{
    private readonly Tensor _x, _hidden, _weight1, _weight2;
    private readonly Tensor? _bias1, _bias2, _residual;
    private readonly Activation _activation;

    private FeedForward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, Tensor hidden)
    {
        _x = Save(x);
        _weight1 = Save(weight1);
        _weight2 = Save(weight2);
        _hidden = Save(hidden);
        (_bias1, _activation, _bias2, _residual) = (bias1, activation, bias2, residual);
    }

    public static Tensor Forward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual)
    {
        if (x.Shape[-1] != weight1.Shape[1] || weight1.Shape[0] != weight2.Shape[1])
            throw new ArgumentException($"Linear layers with weights {weight1.Shape} and {weight2.Shape} do not take input {x.Shape}.");
        Tensor y = x.Device.Empty(x.Shape.With(-1, weight2.Shape[0]));
        if (residual is not null && residual.Shape != y.Shape)
            throw new ArgumentException($"The residual {residual.Shape} is not as large as the result {y.Shape}.");
        bool tracked = Tape.IsRecording(x, weight1, bias1, weight2, bias2) || Tape.IsRecording(y, residual);
        Tensor? hidden = tracked ? x.Device.Empty(x.Shape.With(-1, weight1.Shape[0])) : null;
        x.Device.FeedForward(x, weight1, bias1, activation, weight2, bias2, residual, hidden, y);
        return tracked ? Tape.Record(new FeedForward(x, weight1, bias1, activation, weight2, bias2, residual, hidden!), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x);
        Tensor? dbias1 = NewGradient(_bias1), dbias2 = NewGradient(_bias2);
        // Sums of a bias come with those of its weight.
        Tensor? dweight1 = NewGradient(_weight1) ?? (dbias1 is null ? null : dy.Device.Empty(_weight1.Shape));
        Tensor? dweight2 = NewGradient(_weight2) ?? (dbias2 is null ? null : dy.Device.Empty(_weight2.Shape));
        dy.Device.FeedForwardBackward(_x, _weight1, _activation, _weight2, _hidden, dy, dx, dweight1, dbias1, dweight2, dbias2);
        Accumulate(_x, dx);
        Accumulate(_weight1, dweight1);
        Accumulate(_bias1, dbias1);
        Accumulate(_weight2, dweight2);
        Accumulate(_bias2, dbias2);
        Accumulate(_residual, dy);
    }
}

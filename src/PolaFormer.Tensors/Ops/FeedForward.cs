using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = act(x·W₁ᵀ + b₁)·W₂ᵀ + b₂ (+ residual): two linear layers, which the device may run together where the tape does not record.</summary>
internal static class FeedForward
{
    public static Tensor Forward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual)
    {
        if (Tape.IsRecording(x, weight1, bias1, weight2, residual ?? bias2))
            return Linear.Forward(Linear.Forward(x, weight1, bias1, activation, null), weight2, bias2, Activation.None, residual);
        if (x.Shape[-1] != weight1.Shape[1] || weight1.Shape[0] != weight2.Shape[1])
            throw new ArgumentException($"Linear layers with weights {weight1.Shape} and {weight2.Shape} do not take input {x.Shape}.");
        Tensor y = x.Device.Empty(x.Shape.With(-1, weight2.Shape[0]));
        if (residual is not null && residual.Shape != y.Shape)
            throw new ArgumentException($"The residual {residual.Shape} is not as large as the result {y.Shape}.");
        x.Device.FeedForward(x, weight1, bias1, activation, weight2, bias2, residual, y);
        return y;
    }
}

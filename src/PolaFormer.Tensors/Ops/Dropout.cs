using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x·f with f = 0 where the i-th uniform number of a generator is below p, else 1/(1 − p); ∂x = ∂y·f. The backward pass draws
/// the same numbers again, so nothing is saved. An infinite or NaN element that is dropped becomes NaN.
/// </summary>
internal sealed class Dropout(Tensor x, float probability, Philox generator) : Operator
{
    public static Tensor Forward(Tensor x, float probability, Philox generator)
    {
        if (probability is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "The chance that an element is dropped lies in [0, 1).");
        if (!x.Device.Fuses<Call>())
            return Compose(x, probability, generator);
        Tensor y = x.Device.Empty(x.Shape);
        x.Device.Run(new Call(x, probability, generator, y));
        return Tape.IsRecording(x) ? Tape.Record(new Dropout(x, probability, generator), y) : y;
    }

    private static Tensor Compose(Tensor x, float probability, Philox generator)
    {
        Tensor draws = x.Device.Empty(x.Shape);
        draws.FillUniform(generator, 0, 1);
        return x * (draws.Compare(Comparison.GreaterOrEqual, probability) * (1 / (1 - probability)));
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        dy.Device.Run(new Call(dy, probability, generator, dx));
        Accumulate(x, dx);
    }

    /// <summary>y = x·f.</summary>
    internal readonly record struct Call(Tensor X, float Probability, Philox Generator, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Dropout);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
        }

        public unsafe void OnCpu() => Kernels.Dropout.Run(X.Data, Probability, Generator, Y.Data, X.Count);
    }
}

using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y[c] = how often c is among whole numbers, which is what <see cref="Gather"/> gives back to its places for ones. Counts have no gradient; exact up to 2²⁴ of a kind.</summary>
internal static class CountEach
{
    public static Tensor Forward(Tensor numbers, int kinds)
    {
        if (numbers.DType != DType.Int64)
            throw new ArgumentException($"CountEach takes Int64 numbers; got {numbers.DType}.", nameof(numbers));
        Tape.RequireUntracked(nameof(CountEach), numbers);
        Tensor counts = numbers.Device.Empty([kinds]);
        numbers.Device.Run(new Gather.BackwardCall(Tensor.Full([checked((int)numbers.Count)], 1, numbers.Device), 0, numbers.Reshape(-1), counts));
        return counts;
    }
}

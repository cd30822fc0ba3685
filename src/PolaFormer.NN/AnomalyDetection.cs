using System.Numerics;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.NN;

/// <summary>
/// Looks at the result and the gradients of every operator that this thread records, and throws at the first value that is
/// infinite or NaN. Costs a pass over all of them while enabled, nothing else.
/// </summary>
/// <example><code>
/// using IDisposable detection = AnomalyDetection.Enable();
/// using var tape = Tape.Start();
/// tape.Backward(model.Forward(images).CrossEntropy(targets).Mean());   // may throw NonFiniteException
/// </code></example>
public sealed class AnomalyDetection : OperatorOrigins
{
    private AnomalyDetection()
    {
    }

    /// <summary>Looks at this thread's operators until the result is disposed.</summary>
    public static IDisposable Enable() => Tape.Observe(new AnomalyDetection());

    /// <inheritdoc/>
    public override void Recorded(Operator op, Tensor output)
    {
        base.Recorded(op, output);
        Check(op, output, 0, output.Rank == 0 ? 1 : output.Shape[-1], isBackward: false);
    }

    /// <inheritdoc/>
    public override void HandsOn(Operator op, Columns gradient) => Check(op, gradient.Source, gradient.Start, gradient.Width, isBackward: true);

    /// <exception cref="NonFiniteException">A value is.</exception>
    private static void Check(Operator op, Tensor source, int start, int width, bool isBackward)
    {
        if (source.DType != DType.Float32 || source.Device is MetaDevice || source.Count == 0)
            return;
        ReadOnlySpan<float> all = source.AsSpan<float>();
        int rowLength = source.Rank == 0 ? 1 : source.Shape[-1];
        long nans = 0, infinities = 0;
        if (width == rowLength)
            Count(all, ref nans, ref infinities);
        else
            for (int row = 0; row < all.Length; row += rowLength)
                Count(all.Slice(row + start, width), ref nans, ref infinities);
        if (nans + infinities > 0)
            throw new NonFiniteException(op.Name, (op.Origin as Module)?.FullName ?? "", RandomStep.Current.Step, isBackward, source.Rank == 0 ? source.Shape : source.Shape.With(-1, width), nans, infinities);
    }

    private static void Count(ReadOnlySpan<float> values, ref long nans, ref long infinities)
    {
        // 0·x is 0 for finite x and NaN for any other.
        Vector<float> zero = Vector<float>.Zero;
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (Vector<float> vector in vectors)
            zero += vector * Vector<float>.Zero;
        bool isFinite = Vector.Sum(zero) == 0;
        foreach (float value in values[(vectors.Length * Vector<float>.Count)..])
            isFinite &= float.IsFinite(value);
        if (isFinite)
            return;
        foreach (float value in values)
        {
            nans += float.IsNaN(value) ? 1 : 0;
            infinities += float.IsInfinity(value) ? 1 : 0;
        }
    }
}

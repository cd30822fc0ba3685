using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN;

/// <summary>
/// Checks the result and the gradients of every operator that this thread records, and throws at the first value that is
/// infinite or NaN. While enabled, it costs a pass over all of them.
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

    /// <summary>Checks this thread's operators until the result is disposed.</summary>
    public static IDisposable Enable() => Tape.Observe(new AnomalyDetection());

    /// <inheritdoc/>
    public override void Recorded(Operator op, Tensor output)
    {
        base.Recorded(op, output);
        Check(op, output.Rank == 0 ? new Columns(output, 0, 1) : output, isBackward: false);
    }

    /// <inheritdoc/>
    public override void GradientComputed(Operator op, Columns gradient) => Check(op, gradient, isBackward: true);

    /// <exception cref="NonFiniteException">A value is.</exception>
    private static void Check(Operator op, Columns values, bool isBackward)
    {
        Tensor source = values.Source;
        if (source.DType is not (DType.Float32 or DType.BFloat16) || !source.HasValues || source.Count == 0)
            return;
        long[] counts;
        using (MemoryScope.Enter())
            counts = Tensor.CountNonFinite(values).ToArray<long>();
        if (counts[0] + counts[1] > 0)
            throw new NonFiniteException(op.Name, (op.Origin as Module)?.FullName ?? "", RandomStep.Current.Step, isBackward, source.Rank == 0 ? source.Shape : source.Shape.With(-1, values.Width), counts[0], counts[1]);
    }
}

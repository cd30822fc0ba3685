using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Gradients of operands that are columns of a few joint tensors: one buffer a source, zero in the columns that the
/// operator did not read.
/// </summary>
internal ref struct ColumnGradients
{
    private const int MaxSources = 3;

    private Buffers _sources, _gradients;
    private int _count;

    [InlineArray(MaxSources)]
    private struct Buffers
    {
        private Tensor? _first;
    }

    /// <summary>Makes the buffers for the three operands of attention.</summary>
    public ColumnGradients(Columns a, Columns b, Columns c)
    {
        Add(a, Covered(a.Source, a, b, c));
        Add(b, Covered(b.Source, a, b, c));
        Add(c, Covered(c.Source, a, b, c));
    }

    /// <summary>Number of distinct sources.</summary>
    public readonly int Count => _count;

    /// <summary>A source and its whole gradient.</summary>
    public readonly (Tensor Source, Tensor Gradient) this[int index] => (_sources[index]!, _gradients[index]!);

    /// <summary>Where the gradient of an operand goes.</summary>
    public readonly Columns Of(Columns operand)
    {
        for (int i = 0; i < _count; i++)
        {
            if (ReferenceEquals(_sources[i], operand.Source))
                return operand.Of(_gradients[i]!);
        }

        throw new InvalidOperationException("The operand belongs to no source.");
    }

    private void Add(Columns operand, int covered)
    {
        for (int i = 0; i < _count; i++)
        {
            if (ReferenceEquals(_sources[i], operand.Source))
                return;
        }

        Tensor source = operand.Source;
        _sources[_count] = source;
        _gradients[_count++] = covered == source.Shape[-1]
            ? source.Device.Empty(source.Shape)
            : Tensor.Zeros(source.Shape, source.Device);
    }

    private static int Covered(Tensor source, Columns a, Columns b, Columns c) =>
        (ReferenceEquals(a.Source, source) ? a.Width : 0)
        + (ReferenceEquals(b.Source, source) ? b.Width : 0)
        + (ReferenceEquals(c.Source, source) ? c.Width : 0);
}

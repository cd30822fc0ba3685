using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = the parts one after another along a dimension; each part's gradient is its slice of ∂L/∂y.</summary>
internal sealed class Concat(Tensor[] parts, int dimension) : Operator
{
    public static Tensor Forward(ReadOnlySpan<Tensor> parts, int dimension)
    {
        if (parts.IsEmpty)
            throw new ArgumentException("Nothing to concatenate.", nameof(parts));
        Tensor first = parts[0];
        dimension = first.Shape.Normalize(dimension);
        int extent = 0;
        bool tracked = false;
        DType type = first.DType;
        foreach (Tensor part in parts)
        {
            if (part.Rank != first.Rank || part.Shape.With(dimension, 0) != first.Shape.With(dimension, 0))
                throw new ArgumentException($"Shapes {first.Shape} and {part.Shape} differ outside dimension {dimension}.", nameof(parts));
            extent += part.Shape[dimension];
            tracked |= Tape.IsRecording(part);
            if (part.DType != type)
                type = DType.Float32;
        }

        Tensor y = first.Device.Empty(first.Shape.With(dimension, extent), type);
        int start = 0;
        foreach (Tensor part in parts)
        {
            first.Device.Run(new SliceScatter(part, y, dimension, start));
            start += part.Shape[dimension];
        }

        return tracked ? Tape.Record(new Concat(parts.ToArray(), dimension), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        int start = 0;
        foreach (Tensor part in parts)
        {
            if (part.IsTracked)
            {
                Tensor dpart = dy.Device.Empty(part.Shape);
                dy.Device.Run(new Slice.Call(dy, dimension, start, dpart));
                Accumulate(part, dpart);
            }

            start += part.Shape[dimension];
        }
    }
}

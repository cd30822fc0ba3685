using PolaFormer.Cuda.Attention;
using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Requests;

/// <summary>
/// The rows of an attention whose kernels read and write one type: tensors as they lie, or where the kernels take bfloat16 and a
/// tensor is floats, copies that last until the request has been carried out.
/// </summary>
/// <param name="context">Where the kernels are started.</param>
/// <param name="type">How they take rows.</param>
internal readonly struct AttentionRowsOnDevice(KernelContext context, StorageType type)
{
    private readonly List<(Columns Rows, nint Half)> _written = [];

    /// <summary>Rows that are read.</summary>
    public RowsOnDevice Read(Columns x)
    {
        nint address = type == StorageType.BFloat16 ? context.InHalf(x.Source) + (x.Start * sizeof(ushort)) : x.Address;
        return new RowsOnDevice(address, x.RowStride, (long)x.Tokens * x.RowStride);
    }

    /// <summary>Rows that are written; floats have their values after <see cref="Deliver"/>.</summary>
    public RowsOnDevice Written(Columns y)
    {
        if (type != StorageType.BFloat16 || y.Source.DType == DType.BFloat16)
            return new RowsOnDevice(y.Address, y.RowStride, (long)y.Tokens * y.RowStride);
        nint half = context.HalfWorkspace((long)y.Source.Shape[0] * y.Tokens * y.Width);
        _written.Add((y, half));
        return new RowsOnDevice(half, y.Width, (long)y.Tokens * y.Width);
    }

    /// <summary>Makes floats of what was written in bfloat16 for tensors of floats.</summary>
    public void Deliver()
    {
        foreach ((Columns y, nint half) in _written)
            ColumnKernels.Widen(context.Queue, half, y.Address, y.RowStride, (long)y.Source.Shape[0] * y.Tokens, y.Width);
    }
}

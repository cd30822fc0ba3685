using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// Lets tensors of a narrower type hold float32 for a while: copies in the current scope, which they view until this is disposed.
/// </summary>
internal readonly struct FloatCopies : IDisposable
{
    private readonly List<(Tensor Tensor, (Storage, long, DType) Before)> _tensors;

    /// <summary>Makes the copies; a tensor that occurs twice has one.</summary>
    public FloatCopies(List<Tensor> tensors)
        : this(tensors.ConvertAll(tensor => (tensor, tensor)))
    {
    }

    /// <summary>Makes the copies.</summary>
    /// <param name="tensors">Tensors, each with what holds its values.</param>
    public FloatCopies(List<(Tensor Tensor, Tensor Values)> tensors)
    {
        _tensors = new List<(Tensor, (Storage, long, DType))>(tensors.Count);
        foreach ((Tensor tensor, Tensor values) in tensors)
        {
            if (_tensors.Exists(entry => ReferenceEquals(entry.Tensor, tensor)))
                continue;
            Tensor floats = tensor.Device.Empty(tensor.Shape);
            tensor.Device.Run(new Ops.Convert(values, floats));
            _tensors.Add((tensor, tensor.PutOn((floats.Storage, floats.Offset, DType.Float32))));
        }
    }

    /// <summary>Puts the tensors back on their memory.</summary>
    public void Dispose()
    {
        foreach ((Tensor tensor, (Storage, long, DType) before) in _tensors)
            tensor.PutOn(before);
    }
}

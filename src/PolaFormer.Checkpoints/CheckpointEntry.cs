using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>A named tensor of a state dict.</summary>
public sealed class CheckpointEntry
{
    internal CheckpointEntry(string name, StoredTensor tensor)
    {
        Name = name;
        Tensor = tensor;
    }

    /// <summary>The key in the state dict, such as <c>patch_embed.proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>The data.</summary>
    public StoredTensor Tensor { get; }

    /// <summary>The element type in the file.</summary>
    public DType DType => Tensor.DType;

    /// <summary>The extents, outermost first.</summary>
    public Shape Shape => Tensor.Shape;

    /// <summary>Bytes of the elements laid out row-major.</summary>
    public long ByteCount => Tensor.ByteCount;

    /// <inheritdoc cref="StoredTensor.ReadFloat32(Span{float})"/>
    public void ReadFloat32(Span<float> destination) => Tensor.ReadFloat32(destination);

    /// <inheritdoc cref="StoredTensor.ReadBytes(Span{byte})"/>
    public void ReadBytes(Span<byte> destination) => Tensor.ReadBytes(destination);

    /// <summary>As <c>name: dtype shape</c>.</summary>
    public override string ToString() => $"{Name}: {DType} {Shape}";
}

namespace PolaFormer.Checkpoints.IO;

/// <summary>A run of bytes several tensors may lie in.</summary>
internal abstract class TensorStorage
{
    /// <summary>Bytes in the storage.</summary>
    public abstract long Length { get; }

    /// <summary>Copies the bytes from <paramref name="offset"/> on; the range must lie in the storage.</summary>
    /// <exception cref="CheckpointException">The data is damaged.</exception>
    public abstract void Read(long offset, Span<byte> destination);

    /// <summary>Copies all bytes at once.</summary>
    /// <exception cref="CheckpointException">The data is damaged.</exception>
    public virtual void ReadAll(Span<byte> destination) => Read(0, destination);
}

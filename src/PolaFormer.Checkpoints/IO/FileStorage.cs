namespace PolaFormer.Checkpoints.IO;

/// <summary>A storage that lies in a file as it is.</summary>
internal sealed class FileStorage(FileBytes file, long start, long length) : TensorStorage
{
    /// <summary>Where the storage begins in the file; legacy checkpoints tell it after the tensors.</summary>
    public long Start { get; set; } = start;

    /// <summary>The file the storage lies in.</summary>
    public FileBytes File => file;

    public override long Length => length;

    public override ReadOnlySpan<byte> Slice(long offset, int count) => File.Slice(Start + offset, count);
}

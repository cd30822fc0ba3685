namespace PolaFormer.Checkpoints.IO;

/// <summary>A storage that lies in a file as it is.</summary>
internal sealed class FileStorage(FileBytes file, long start, long length) : TensorStorage
{
    /// <summary>Where the storage begins in the file; legacy checkpoints give it after the tensors.</summary>
    public long Start { get; set; } = start;

    /// <summary>The file the storage lies in.</summary>
    public FileBytes File => file;

    public override long Length => length;

    public override void Read(long offset, Span<byte> destination) => File.Read(Start + offset, destination);
}

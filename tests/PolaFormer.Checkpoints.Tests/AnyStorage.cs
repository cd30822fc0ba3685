using PolaFormer.Checkpoints.IO;
using PolaFormer.Checkpoints.Pickle;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Answers every mention of a storage with zeros, at most so many bytes.</summary>
internal sealed class AnyStorage(long limit = 4096) : IStorageSource
{
    public TensorStorage Find(string key, int elementSize, long count) =>
        count <= limit / elementSize ? new Zeros(count * elementSize) : throw new CheckpointException("test", "the storage is too large.");

    private sealed class Zeros(long length) : TensorStorage
    {
        public override long Length => length;

        public override void Read(long offset, Span<byte> destination) => new byte[length].AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}

using PolaFormer.Checkpoints.IO;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Answers every mention of a storage with zeros, at most so many bytes.</summary>
internal sealed class AnyStorage(long limit = 4096) : IStorageSource
{
    public TensorStorage Find(string key, DType element, long count) =>
        count <= limit / element.Size() ? new Zeros(count * element.Size()) : throw new CheckpointException("test", "the storage is too large.");

    private sealed class Zeros(long length) : TensorStorage
    {
        public override long Length => length;

        public override ReadOnlySpan<byte> Slice(long offset, int count) => new byte[length].AsSpan((int)offset, count);
    }
}

using System.Buffers;
using PolaFormer.Checkpoints.IO;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>
/// A tensor lying in a checkpoint, read on demand and laid out row-major whatever its strides there. Reading is safe from
/// several threads until the checkpoint is disposed.
/// </summary>
public sealed class StoredTensor
{
    private const int ChunkBytes = 1 << 16;

    private readonly TensorStorage _storage;
    private readonly long _offset;
    private readonly long[]? _strides;

    /// <param name="storage">Where the elements lie.</param>
    /// <param name="dtype">Their type.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="offset">The first element, counted in elements from the start of the storage.</param>
    /// <param name="strides">Elements between neighbours of each dimension, null for row-major; checked by the caller to stay inside the storage.</param>
    internal StoredTensor(TensorStorage storage, DType dtype, Shape shape, long offset, long[]? strides)
    {
        _storage = storage;
        _offset = offset;
        _strides = strides;
        DType = dtype;
        Shape = shape;
    }

    /// <summary>The element type in the file.</summary>
    public DType DType { get; }

    /// <summary>The extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Bytes of the elements laid out row-major.</summary>
    public long ByteCount => Shape.Count * DType.Size();

    /// <summary>Copies all elements, little-endian and row-major.</summary>
    /// <param name="destination">Exactly <see cref="ByteCount"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointException">The data is damaged.</exception>
    public void ReadBytes(Span<byte> destination)
    {
        if (destination.Length != ByteCount)
            throw new ArgumentException($"The tensor has {ByteCount} bytes; the destination {destination.Length}.", nameof(destination));
        ReadElements(0, destination);
    }

    /// <summary>Copies a run of elements, little-endian and row-major.</summary>
    /// <param name="byteOffset">Where the run begins among the <see cref="ByteCount"/> bytes: a multiple of the element's size.</param>
    /// <param name="destination">A whole number of elements that ends inside the tensor.</param>
    /// <exception cref="ArgumentException">The run is not made of whole elements of the tensor.</exception>
    /// <exception cref="CheckpointException">The data is damaged.</exception>
    public void ReadBytes(long byteOffset, Span<byte> destination)
    {
        int size = DType.Size();
        if (byteOffset < 0 || byteOffset > ByteCount - destination.Length || byteOffset % size != 0 || destination.Length % size != 0)
            throw new ArgumentException($"Bytes {byteOffset} to {byteOffset + destination.Length} are not whole elements of a tensor of {ByteCount} bytes.", nameof(byteOffset));
        ReadElements(byteOffset / size, destination);
    }

    /// <summary>Copies all elements as 32-bit floats; a Bool becomes 0 or 1, wider types round to nearest even.</summary>
    /// <param name="destination">Exactly one float an element.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointException">The data is damaged.</exception>
    public void ReadFloat32(Span<float> destination)
    {
        if (destination.Length != Shape.Count)
            throw new ArgumentException($"The tensor has {Shape.Count} elements; the destination {destination.Length}.", nameof(destination));

        int size = DType.Size(), chunk = ChunkBytes / size;
        if (_strides is null)
        {
            for (int done = 0; done < destination.Length; done += chunk)
            {
                Span<float> part = destination[done..Math.Min(done + chunk, destination.Length)];
                FloatConversion.ToFloat32(DType, _storage.Slice((_offset + done) * size, part.Length * size), part);
            }
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        for (int done = 0; done < destination.Length; done += chunk)
        {
            Span<float> part = destination[done..Math.Min(done + chunk, destination.Length)];
            Span<byte> bytes = buffer.AsSpan(0, part.Length * size);
            ReadElements(done, bytes);
            FloatConversion.ToFloat32(DType, bytes, part);
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void ReadElements(long first, Span<byte> destination)
    {
        if (destination.IsEmpty) return;
        int size = DType.Size();
        if (_strides is null)
            _storage.Slice((_offset + first) * size, destination.Length).CopyTo(destination);
        else
            Gather(first, destination, size, _strides);
    }

    /// <summary>Walks the elements in row-major order from number <paramref name="first"/>, a row of the last dimension at a time.</summary>
    private void Gather(long first, Span<byte> destination, int size, long[] strides)
    {
        int last = Shape.Rank - 1;
        Span<int> index = stackalloc int[Shape.MaxRank];
        for (int d = last; d >= 0; d--)
            (first, index[d]) = (first / Shape[d], (int)(first % Shape[d]));

        while (!destination.IsEmpty)
        {
            long position = _offset;
            for (int d = 0; d <= last; d++) position += index[d] * strides[d];
            int run = Math.Min(destination.Length / size, Shape[last] - index[last]);
            if (strides[last] == 1)
                _storage.Slice(position * size, run * size).CopyTo(destination);
            else
                for (int i = 0; i < run; i++)
                    _storage.Slice((position + i * strides[last]) * size, size).CopyTo(destination[(i * size)..]);

            destination = destination[(run * size)..];
            index[last] = 0;
            for (int d = last - 1; d >= 0 && ++index[d] == Shape[d]; d--) index[d] = 0;
        }
    }
}

using System.Buffers;
using System.Runtime.InteropServices;
using PolaFormer.Checkpoints.IO;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>
/// A tensor lying in a checkpoint, read on demand and laid out row-major whatever its strides there. Reading is safe from
/// several threads until the checkpoint is disposed.
/// </summary>
public sealed class StoredTensor
{
    private const int ChunkBytes = 1 << 18, MaxWindow = 1 << 16;

    private readonly TensorStorage _storage;
    private readonly long _offset;
    private readonly long[]? _strides;
    private byte[]? _gathered;

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

        if (DType == DType.Float32 && _strides is null && _offset == 0 && _storage.Length == ByteCount && ByteCount <= Array.MaxLength)
        {
            _storage.ReadAll(MemoryMarshal.AsBytes(destination));
            return;
        }

        int size = DType.Size(), chunk = ChunkBytes / size;
        byte[]? gathered = _strides is null ? null : Gathered(_strides);
        bool isPlain = DType == DType.Float32 && gathered is null;
        byte[] buffer = isPlain || gathered is not null ? [] : ArrayPool<byte>.Shared.Rent(ChunkBytes);
        for (int done = 0; done < destination.Length; done += chunk)
        {
            Span<float> part = destination[done..Math.Min(done + chunk, destination.Length)];
            Span<byte> bytes = isPlain ? MemoryMarshal.AsBytes(part) : gathered is not null ? gathered.AsSpan(done * size, part.Length * size) : buffer.AsSpan(0, part.Length * size);
            if (gathered is null)
                _storage.Read((_offset + done) * size, bytes);
            if (!isPlain)
                FloatConversion.ToFloat32(DType, bytes, part);
        }

        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private void ReadElements(long first, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        int size = DType.Size();
        if (_strides is null)
        {
            _storage.Read((_offset + first) * size, destination);
            return;
        }

        // Runs are asked for in order, so what is gathered for the first serves the others.
        byte[] gathered = _gathered ??= Gathered(_strides);
        gathered.AsSpan((int)(first * size), destination.Length).CopyTo(destination);
        if ((first * size) + destination.Length == gathered.Length)
            _gathered = null;
    }

    /// <summary>All elements in row-major order. The part of the storage they lie in is read at once, unless they are few in much.</summary>
    private byte[] Gathered(long[] strides)
    {
        if (ByteCount > Array.MaxLength)
            throw new CheckpointException("the checkpoint", $"a tensor of {ByteCount} bytes lies there in another order than rows. Save a contiguous copy.");
        int size = DType.Size(), last = Shape.Rank - 1;
        byte[] elements = new byte[ByteCount];
        if (elements.Length == 0)
            return elements;
        long span = size;
        for (int d = 0; d <= last; d++)
            span += (Shape[d] - 1) * strides[d] * size;
        byte[]? window = span <= Math.Min(MaxWindow + (4 * ByteCount), Array.MaxLength) ? ArrayPool<byte>.Shared.Rent((int)span) : null;
        if (window is not null)
            _storage.Read(_offset * size, window.AsSpan(0, (int)span));

        Span<int> index = stackalloc int[Shape.MaxRank];
        index.Clear();
        for (int done = 0; done < elements.Length; done += size)
        {
            long position = 0;
            for (int d = 0; d <= last; d++)
                position += index[d] * strides[d] * size;
            Span<byte> element = elements.AsSpan(done, size);
            if (window is not null)
                window.AsSpan((int)position, size).CopyTo(element);
            else
                _storage.Read((_offset * size) + position, element);
            for (int d = last; d >= 0 && ++index[d] == Shape[d]; d--)
                index[d] = 0;
        }

        if (window is not null)
            ArrayPool<byte>.Shared.Return(window);
        return elements;
    }
}

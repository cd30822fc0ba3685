using System.Buffers;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints;

/// <summary>Copies a run of a tensor's elements, little-endian and row-major.</summary>
/// <param name="byteOffset">Where the run begins; writers ask for run after run from the start to the end.</param>
/// <param name="destination">A whole number of elements.</param>
public delegate void TensorReader(long byteOffset, Span<byte> destination);

/// <summary>A named tensor to be written to a checkpoint; its data is asked for in pieces, while writing.</summary>
public sealed class CheckpointTensor
{
    private const int ChunkBytes = 1 << 18;
    private const float MaxFloat16 = 65504;

    private readonly TensorReader _read;

    /// <summary>A tensor whose data a callback delivers.</summary>
    public CheckpointTensor(string name, DType dtype, Shape shape, TensorReader read)
    {
        Name = name;
        DType = dtype;
        Shape = shape;
        _read = read;
    }

    /// <summary>A tensor whose data lies in memory.</summary>
    /// <exception cref="ArgumentException">The memory does not have the bytes of the shape.</exception>
    public CheckpointTensor(string name, DType dtype, Shape shape, ReadOnlyMemory<byte> bytes)
        : this(name, dtype, shape, (offset, destination) => bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination))
    {
        if (bytes.Length != ByteCount)
            throw new ArgumentException($"{name} {shape} takes {ByteCount} bytes; {bytes.Length} were given.", nameof(bytes));
    }

    /// <summary>A tensor of 32-bit floats in memory.</summary>
    /// <exception cref="ArgumentException">The memory does not have the elements of the shape.</exception>
    public CheckpointTensor(string name, Shape shape, ReadOnlyMemory<float> values)
        : this(name, DType.Float32, shape, (offset, destination) => MemoryMarshal.AsBytes(values.Span).Slice((int)offset, destination.Length).CopyTo(destination))
    {
        if (values.Length != shape.Count)
            throw new ArgumentException($"{name} {shape} has {shape.Count} elements; {values.Length} were given.", nameof(values));
    }

    /// <summary>A tensor of another checkpoint, which must stay open until this one is written.</summary>
    public CheckpointTensor(CheckpointEntry entry) : this(entry.Name, entry.DType, entry.Shape, entry.Tensor.ReadBytes)
    {
    }

    /// <summary>The key in the state dict.</summary>
    public string Name { get; }

    /// <summary>The element type to be written.</summary>
    public DType DType { get; }

    /// <summary>The extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Bytes of all elements.</summary>
    public long ByteCount => Shape.Count * DType.Size();

    /// <summary>The same tensor converted, by way of 32-bit floats, to another float type, rounding to nearest even; integers stay as they are.</summary>
    /// <exception cref="ArgumentException">The type does not hold real numbers.</exception>
    public CheckpointTensor ConvertFloats(DType floatType)
    {
        if (!floatType.IsFloatingPoint())
            throw new ArgumentException($"{floatType} does not hold real numbers.", nameof(floatType));
        if (!DType.IsFloatingPoint() || DType == floatType)
            return this;
        return new CheckpointTensor(Name, floatType, Shape, (offset, destination) => ReadConverted(floatType, offset, destination));
    }

    /// <summary>Delivers all bytes in order, in pieces of whole elements.</summary>
    internal void Stream(Action<ReadOnlyMemory<byte>> write)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        for (long done = 0; done < ByteCount; done += ChunkBytes)
        {
            Memory<byte> chunk = buffer.AsMemory(0, (int)Math.Min(ChunkBytes, ByteCount - done));
            _read(done, chunk.Span);
            write(chunk);
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void ReadConverted(DType floatType, long offset, Span<byte> destination)
    {
        int count = destination.Length / floatType.Size();
        byte[] source = ArrayPool<byte>.Shared.Rent(count * DType.Size());
        float[] floats = ArrayPool<float>.Shared.Rent(count);
        Span<byte> bytes = source.AsSpan(0, count * DType.Size());
        Span<float> values = floats.AsSpan(0, count);
        _read(offset / floatType.Size() * DType.Size(), bytes);
        FloatConversion.ToFloat32(DType, bytes, values);
        if (floatType == DType.Float16)
            CheckRange(values);
        FloatConversion.FromFloat32(floatType, values, destination);
        ArrayPool<float>.Shared.Return(floats);
        ArrayPool<byte>.Shared.Return(source);
    }

    private void CheckRange(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
            if (float.IsFinite(value) && MathF.Abs(value) > MaxFloat16)
                throw new CheckpointException(Name, $"the value {value} lies beyond float16's largest, {MaxFloat16}. Convert to bfloat16 instead.");
    }
}

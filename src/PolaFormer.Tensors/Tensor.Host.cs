using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

// Values between a tensor and the processor's memory: in place where the tensor lies there, by copies from and to every device.
public unsafe partial class Tensor
{
    /// <summary>Whether the device holds the elements, and not their shape alone as <see cref="MetaDevice"/> does.</summary>
    public bool HasValues => Storage is not ShapeOnlyStorage;

    /// <summary>The elements in the processor's memory, writable. Valid while the tensor's scope lasts; the tape does not see writes.</summary>
    /// <exception cref="InvalidOperationException">The type is not the tensor's, there are more elements than a span can hold, or they lie on a device whose memory the processor cannot read.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        RequireType<T>();
        return new Span<T>(Elements, RequireSpan(Count));
    }

    /// <summary>The raw bytes of the elements in the processor's memory, writable.</summary>
    /// <exception cref="InvalidOperationException">More bytes than a span can hold, or on a device whose memory the processor cannot read.</exception>
    public Span<byte> AsBytes() => new(Elements, RequireSpan(ByteCount));

    /// <summary>The elements as a new array.</summary>
    /// <exception cref="InvalidOperationException">The type is not the tensor's, or the device has no values.</exception>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        T[] values = GC.AllocateUninitializedArray<T>(RequireSpan(Count));
        CopyTo<T>(values);
        return values;
    }

    /// <summary>The float32 elements as a new array.</summary>
    public float[] ToArray() => ToArray<float>();

    /// <summary>The value of a one-element float32 tensor. On a device beside the processor this waits for all that leads to it.</summary>
    public float Item()
    {
        if (Count != 1)
            throw new InvalidOperationException($"A tensor of shape {Shape} is no single value.");
        float value;
        CopyTo(new Span<float>(&value, 1));
        return value;
    }

    /// <summary>Copies the elements.</summary>
    /// <param name="destination">As many elements as the tensor's.</param>
    /// <exception cref="ArgumentException">The numbers of elements differ.</exception>
    /// <exception cref="InvalidOperationException">The type is not the tensor's, or the device has no values.</exception>
    public void CopyTo<T>(Span<T> destination)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float) && DType != DType.Float32 && DType == Device.ActivationType)
        {
            // How a device stores what layers hand to each other is its own affair.
            using MemoryScope scope = MemoryScope.Enter();
            Detach().To(DType.Float32).CopyTo(destination);
            return;
        }

        RequireType<T>();
        RequireLength(destination.Length);
        fixed (T* values = destination)
            ReadBytes(0, values, ByteCount);
    }

    /// <summary>Overwrites the elements; nothing on a device without values.</summary>
    /// <param name="source">As many elements as the tensor's.</param>
    /// <exception cref="ArgumentException">The numbers of elements differ.</exception>
    /// <exception cref="InvalidOperationException">The type is not the tensor's.</exception>
    public void CopyFrom<T>(ReadOnlySpan<T> source)
        where T : unmanaged
    {
        RequireType<T>();
        RequireLength(source.Length);
        fixed (T* values = source)
            WriteBytes(0, values, ByteCount);
    }

    /// <inheritdoc cref="CopyFrom{T}(ReadOnlySpan{T})"/>
    public void CopyFrom<T>(T[] source)
        where T : unmanaged => CopyFrom((ReadOnlySpan<T>)source);

    /// <summary>Overwrites the values with those of a tensor of the same shape, converting the type; from any device.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public void CopyFrom(Tensor source)
    {
        if (source.Shape != Shape)
            throw new ArgumentException($"Values of shape {source.Shape} do not fit a tensor of shape {Shape}.", nameof(source));
        Device.Run(new Ops.Convert(Device.Reaches(source.Device) ? source : source.To(Device), this));
    }

    /// <summary>
    /// Overwrites the elements by a function of the processor: in place where they lie in its memory, else through a copy of
    /// undefined contents. Not called on a device without values.
    /// </summary>
    /// <exception cref="InvalidOperationException">The type is not the tensor's, or there are more elements than a span can hold.</exception>
    public void Write<T>(Action<Span<T>> write)
        where T : unmanaged
    {
        RequireType<T>();
        if (Storage is HostStorage)
        {
            write(AsSpan<T>());
        }
        else if (Storage is not ShapeOnlyStorage)
        {
            T[] values = GC.AllocateUninitializedArray<T>(RequireSpan(Count));
            write(values);
            CopyFrom(values);
        }
    }

    /// <summary>Overwrites the bytes of all elements by a function of the processor, as <see cref="Write{T}"/> does.</summary>
    /// <exception cref="InvalidOperationException">There are more bytes than a span can hold.</exception>
    public void WriteBytes(Action<Span<byte>> write)
    {
        if (Storage is HostStorage)
        {
            write(AsBytes());
        }
        else if (Storage is not ShapeOnlyStorage)
        {
            byte[] bytes = GC.AllocateUninitializedArray<byte>(RequireSpan(ByteCount));
            write(bytes);
            WriteBytes(0, bytes);
        }
    }

    /// <summary>Copies a run of the elements' bytes.</summary>
    /// <param name="offset">First byte of the run.</param>
    /// <param name="destination">As long as the run.</param>
    /// <exception cref="ArgumentException">The run does not end inside the elements.</exception>
    public void ReadBytes(long offset, Span<byte> destination)
    {
        RequireRun(offset, destination.Length);
        fixed (byte* bytes = destination)
            ReadBytes(offset, bytes, destination.Length);
    }

    /// <summary>Overwrites a run of the elements' bytes; nothing on a device without values.</summary>
    /// <param name="offset">First byte of the run.</param>
    /// <param name="source">As long as the run.</param>
    /// <exception cref="ArgumentException">The run does not end inside the elements.</exception>
    public void WriteBytes(long offset, ReadOnlySpan<byte> source)
    {
        RequireRun(offset, source.Length);
        fixed (byte* bytes = source)
            WriteBytes(offset, bytes, source.Length);
    }

    /// <summary>The values on another device; the same tensor where they are there. Has no gradient.</summary>
    /// <exception cref="InvalidOperationException">The weight is laid out for inference on its device, or its device has no values.</exception>
    public Tensor To(Device device)
    {
        if (ReferenceEquals(device, Device))
            return this;
        Tape.RequireUntracked(nameof(To), this);
        RequirePlain();
        if (ReferenceEquals(device.Memory, Device.Memory))
            return new Tensor(device, Storage, Offset, Shape, DType);
        Tensor y = device.ForConstants.Empty(Shape, DType);
        if (y.Storage is HostStorage)
            ReadBytes(0, y.Elements, ByteCount);
        else if (Storage is HostStorage)
            y.WriteBytes(0, Elements, ByteCount);
        else if (y.Storage is not ShapeOnlyStorage)
            CopyByHost(y);
        return y;
    }

    private void CopyByHost(Tensor y)
    {
        using var scope = MemoryScope.Enter();
        Tensor values = To(Device.Cpu);
        y.WriteBytes(0, values.Elements, ByteCount);
    }

    private void ReadBytes(long offset, void* destination, long bytes)
    {
        RequirePlain();
        Storage.Device.CopyToHost(Storage, ByteOffset + offset, destination, bytes);
    }

    private void WriteBytes(long offset, void* source, long bytes)
    {
        RequirePlain();
        Storage.Device.CopyFromHost(source, Storage, ByteOffset + offset, bytes);
    }

    private void RequireType<T>()
        where T : unmanaged
    {
        if (DTypeOf<T>() != DType)
            throw new InvalidOperationException($"The tensor holds {DType}, not {typeof(T).Name}.");
    }

    private static int RequireSpan(long count) =>
        count <= int.MaxValue ? (int)count : throw new InvalidOperationException($"{count} elements are more than a span can hold.");

    private void RequireLength(int count)
    {
        if (count != Count)
            throw new ArgumentException($"{count} elements for a tensor of shape {Shape}.");
    }

    private void RequireRun(long offset, int length)
    {
        if (offset < 0 || offset > ByteCount - length)
            throw new ArgumentException($"Bytes {offset} to {offset + length} are not inside a tensor of {ByteCount} bytes.");
    }
}

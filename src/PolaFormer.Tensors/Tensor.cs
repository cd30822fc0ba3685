using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors;

/// <summary>
/// An n-dimensional array, row-major and contiguous. A tensor is a view of shared memory: reshapes and leading slices
/// share it, every other operator makes a new one. Operators compute in float32; other types are for storage.
/// Tensors made by operators inside a module or <see cref="MemoryScope"/> end with it unless returned.
/// </summary>
public unsafe partial class Tensor
{
    /// <summary>Elements from which on a tensor is large enough to be stored in its device's narrower type.</summary>
    internal const int LeastNarrowed = 1024;

    private Tensor? _grad;
    private bool _gradIsStale;

    internal Tensor(Device device, Storage storage, long offset, Shape shape, DType type)
    {
        Device = device;
        Storage = storage;
        Offset = offset;
        Shape = shape;
        DType = type;
    }

    /// <summary>A view of all of another tensor's memory with its shape and type; for derived tensors such as parameters.</summary>
    protected Tensor(Tensor values)
        : this(values.Device, values.Storage, values.Offset, values.Shape, values.DType)
    {
    }

    /// <summary>The device whose memory holds the tensor and that computes with it.</summary>
    public Device Device { get; private set; }

    /// <summary>The extents.</summary>
    public Shape Shape { get; }

    /// <summary>The element type.</summary>
    public DType DType { get; private set; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Number of dimensions.</summary>
    public int Rank => Shape.Rank;

    /// <summary>Bytes the elements take.</summary>
    public long ByteCount => Count * DType.Size();

    /// <summary>Whether gradients are computed for this tensor itself (a leaf of the tape).</summary>
    public bool RequiresGrad { get; set; }

    /// <summary>The gradient that backward passes have summed here, of a leaf or where <see cref="KeepGrad"/> asks for it; null before the first.</summary>
    public Tensor? Grad => _gradIsStale ? null : _grad;

    internal Storage Storage { get; private set; }

    /// <summary>Whether the memory holds the device's own layout of a weight: see <see cref="Pack"/>.</summary>
    internal bool IsPacked { get; private set; }

    /// <summary>Start of the elements in the storage, in elements.</summary>
    internal long Offset { get; private set; }

    /// <summary>The recorded operator that made this tensor; null for a leaf.</summary>
    internal Operator? Producer { get; set; }

    /// <summary>Whether a gradient flows into this tensor.</summary>
    internal bool IsTracked => RequiresGrad || Producer is not null;

    /// <summary>First element, for kernels.</summary>
    internal float* Data
    {
        get
        {
            if (DType != DType.Float32)
                throw new InvalidOperationException($"Operators compute in Float32; this tensor holds {DType}. Convert it with To(DType.Float32).");
            RequirePlain();
            return (float*)HostPointer + Offset;
        }
    }

    /// <summary>First element, of any type.</summary>
    internal void* Elements
    {
        get
        {
            RequirePlain();
            return (byte*)HostPointer + ByteOffset;
        }
    }

    /// <summary>Number of runs of the last dimension.</summary>
    internal int RowCount => Shape[-1] == 0 ? 0 : checked((int)(Count / Shape[-1]));

    /// <summary>The device's own layout of a packed weight.</summary>
    internal float* PackedData => (float*)HostPointer;

    /// <summary>Start of the elements in the storage, in bytes.</summary>
    internal long ByteOffset => Offset * DType.Size();

    // The type is sealed, so that the check is one comparison.
    private void* HostPointer => Storage is HostStorage host ? host.Pointer : throw NotOfHost();

    /// <summary>A tensor with undefined contents.</summary>
    public static Tensor Empty(Shape shape, DType type = DType.Float32, Device? device = null) => (device ?? Device.Default).Empty(shape, type);

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, Device? device = null) => Full(shape, 0, device);

    /// <summary>A tensor of one repeated value.</summary>
    public static Tensor Full(Shape shape, float value, Device? device = null)
    {
        Tensor y = (device ?? Device.Default).ForConstants.Empty(shape);
        y.Device.Run(new Fill(y, value));
        return y;
    }

    /// <summary>Overwrites every element; the tape does not see it.</summary>
    public void Fill(float value) => Device.Run(new Fill(this, value));

    /// <summary>Adds the elements of a tensor of the same shape in place; the tape does not see it.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public void Add(Tensor values)
    {
        if (values.Shape != Shape)
            throw new ArgumentException($"{values.Shape} is added to {Shape}.", nameof(values));
        Device.Run(new AddScaled(values, 1, this, 1));
    }

    /// <summary>Overwrites the elements with numbers that are uniform in [low, high), element i with number i; the tape does not see it.</summary>
    public void FillUniform(Philox random, float low, float high) => Device.Run(new RandomFill(this, random, IsNormal: false, high - low, low));

    /// <summary>Overwrites the elements with normal numbers around 0, element i with number i; the tape does not see it.</summary>
    public void FillNormal(Philox random, float standardDeviation) => Device.Run(new RandomFill(this, random, IsNormal: true, standardDeviation, 0));

    /// <summary>Adds a number to every Int64 element in place; the tape does not see it.</summary>
    public void Increment(long value = 1) => Device.Run(new Increment(this, value));

    /// <summary>Copies values into a new tensor; on a device without values, the shape alone.</summary>
    /// <param name="values">The elements, row by row.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="device">Where the tensor lies; <see cref="Device.Default"/> where not given.</param>
    /// <exception cref="ArgumentException">The number of values is not the shape's.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, Shape shape, Device? device = null)
        where T : unmanaged
    {
        if (values.Length != shape.Count)
            throw new ArgumentException($"{values.Length} values do not fill shape {shape}.", nameof(values));
        Tensor y = (device ?? Device.Default).ForConstants.Empty(shape, DTypeOf<T>());
        y.CopyFrom(values);
        return y;
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape, Device?)"/>
    public static Tensor From<T>(T[] values, Shape shape, Device? device = null)
        where T : unmanaged => From((ReadOnlySpan<T>)values, shape, device);

    /// <summary>
    /// Lays a weight (out, in / <paramref name="groups"/>, …) out as its device's forward passes are fastest with it and returns the
    /// plain memory back. Its elements cannot be reached afterwards.
    /// </summary>
    /// <param name="groups">Independent groups of channels.</param>
    /// <param name="isDense">Whether it is a kernel that visits every pixel and has no gaps between its taps.</param>
    protected void Pack(int groups = 1, bool isDense = false)
    {
        if (IsPacked || Device.Pack(this, groups, isDense) is not { } packed)
            return;
        Storage plain = Storage;
        Storage = packed;
        IsPacked = true;
        plain.Discard();
    }

    /// <summary>
    /// Moves the values, and those of the gradient, to another device. The tensor stays the same object; views made before keep the
    /// old memory.
    /// </summary>
    /// <exception cref="InvalidOperationException">The weight is laid out for inference on its device, or its device has no values.</exception>
    public void MoveTo(Device device)
    {
        if (ReferenceEquals(device, Device))
            return;
        Tensor moved = MemoryScope.OutsideScopes(() => Detach().To(device));
        (Device, Storage, Offset) = (device, moved.Storage, moved.Offset);
        if (_gradIsStale)
            _grad = null;
        _grad?.MoveTo(device);
        _grad?.Storage.Retain();
    }

    private InvalidOperationException NotOfHost() => new(Storage is ShapeOnlyStorage
        ? $"The tensor {Shape} is on the device {Device.Name}, where tensors have shapes and no values."
        : $"The tensor {Shape} is on the device {Device.Name}, whose memory the processor cannot read. Copy the values with ToArray(), CopyTo(), CopyFrom() or To(Device.Cpu).");

    private void RequirePlain()
    {
        if (IsPacked)
            throw new InvalidOperationException($"This weight {Shape} belongs to a frozen model, which has laid it out for inference. Load the model again to read, save or train it.");
    }

    /// <summary>The same values under another shape, sharing the memory. One extent may be −1: it takes what is left.</summary>
    /// <exception cref="ArgumentException">The numbers of elements differ.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> extents)
    {
        Span<int> resolved = stackalloc int[extents.Length];
        extents.CopyTo(resolved);
        int open = resolved.IndexOf(-1);
        if (open >= 0)
        {
            resolved[open] = 1;
            long known = new Shape(resolved).Count;
            if (known == 0 || Count % known != 0)
                throw new ArgumentException($"Shape {Shape} cannot be reshaped to [{string.Join(", ", extents.ToArray())}].", nameof(extents));
            resolved[open] = checked((int)(Count / known));
        }

        return Reshape(new Shape(resolved));
    }

    /// <inheritdoc cref="Reshape(ReadOnlySpan{int})"/>
    public Tensor Reshape(Shape shape) => shape == Shape ? this : Ops.Reshape.Forward(this, shape);

    /// <summary>A view without history: gradients stop here.</summary>
    public Tensor Detach() => View(0, Shape);

    /// <summary>A copy in memory of its own, without history, in the current scope.</summary>
    public Tensor Clone()
    {
        Tensor y = Device.Empty(Shape, DType);
        Device.Run(new Copy(this, y));
        return y;
    }

    /// <summary>
    /// The values converted to another type; the same tensor where the type is already right. To and from Float32 every type converts,
    /// and to and from Bool, which is whether a value is not 0. Has no gradient.
    /// </summary>
    public Tensor To(DType type)
    {
        if (type == DType)
            return this;
        if (DType != DType.Float32 && type != DType.Float32 && (type == DType.Bool || DType == DType.Bool))
            return To(DType.Float32).To(type);
        Tape.RequireUntracked(nameof(To), this);
        Tensor y = Device.Empty(Shape, type);
        Device.Run(new Ops.Convert(this, y));
        return y;
    }

    /// <summary>Discards the gradient; the next backward pass starts from zero in the same memory.</summary>
    public void ZeroGrad() => _gradIsStale = true;

    /// <summary>Replaces the gradient, by one that was added up elsewhere.</summary>
    /// <param name="bytes">The bytes of as many elements as the tensor has, of its type.</param>
    public void WriteGrad(ReadOnlySpan<byte> bytes)
    {
        ZeroGrad();
        OverwriteGrad()!.WriteBytes(0, bytes);
    }

    /// <inheritdoc cref="WriteGrad(ReadOnlySpan{byte})"/>
    /// <param name="values">Of the tensor's shape, on its device.</param>
    public void WriteGrad(Tensor values)
    {
        ZeroGrad();
        OverwriteGrad()!.CopyFrom(values);
    }

    /// <summary>Puts another gradient, or a place for one, into this one's place: for backward passes that take turns.</summary>
    /// <param name="other">The gradient, and whether its values are none to add to; null for no place yet.</param>
    /// <returns>What was there.</returns>
    public (Tensor? Gradient, bool IsEmpty) SwapGrad((Tensor? Gradient, bool IsEmpty) other)
    {
        (Tensor?, bool) before = (_grad, _gradIsStale);
        (_grad, _gradIsStale) = other;
        return before;
    }

    /// <summary>Shape, type and device, and the values of a small tensor.</summary>
    public override string ToString()
    {
        string head = $"Tensor {Shape} {DType}";
        return DType == DType.Float32 && Count is > 0 and <= 16 && Storage.IsAlive ? $"{head} [{string.Join(", ", ToArray())}]" : head;
    }

    /// <summary>First element of a tensor that may be missing.</summary>
    internal static float* DataOrNull(Tensor? x) => x is null ? null : x.Data;

    /// <summary>
    /// What is kept of this tensor for a backward pass where it is large: itself, or in a narrower type of its device
    /// (<see cref="Device.ActivationType"/>) a copy, the same one each time as long as someone holds it.
    /// </summary>
    internal Tensor Narrowed()
    {
        if (Device.ActivationType == DType.Float32 || DType != DType.Float32 || Count < LeastNarrowed)
            return this;
        if (Storage.Narrow is var (copy, offset) && offset == Offset && copy.Count == Count && copy.Storage.IsAlive)
            return copy.View(0, Shape);
        Tensor narrow = Device.Empty(Shape, Device.ActivationType);
        Device.Run(new Ops.Convert(this, narrow));
        Storage.Narrow = (narrow, Offset);
        return narrow;
    }

    /// <summary>Lets the tensor view other memory of its shape.</summary>
    /// <returns>The memory before.</returns>
    internal (Storage Storage, long Offset, DType Type) PutOn((Storage Storage, long Offset, DType Type) memory)
    {
        (Storage, long, DType) before = (Storage, Offset, DType);
        (Storage, Offset, DType) = memory;
        return before;
    }

    internal Tensor View(long offset, Shape shape) => new(Device, Storage, Offset + offset, shape, DType);

    /// <summary>Keeps the gradient of this result of a recorded operator in <see cref="Grad"/> when the backward pass reaches it; of leaves alone it is kept without that.</summary>
    /// <exception cref="InvalidOperationException">No operator that made it was recorded.</exception>
    public void KeepGrad() =>
        (Producer ?? throw new InvalidOperationException("KeepGrad: the tensor was not recorded on a tape, so no gradient reaches it.")).KeptOutput = this;

    /// <summary>The gradient for an operator to overwrite; null where an earlier one is to be kept.</summary>
    internal Tensor? OverwriteGrad()
    {
        if (_grad is not null && !_gradIsStale)
            return null;
        if (_grad is null)
        {
            // Lives as long as the parameter: no scope's, the collector's.
            _grad = Device.Empty(Shape);
            _grad.Storage.Retain();
        }

        _gradIsStale = false;
        return _grad;
    }

    /// <summary>The gradient, of zeros if there was none.</summary>
    internal Tensor GradToAddTo()
    {
        if (OverwriteGrad() is { } fresh)
            Device.Run(new Fill(fresh, 0));
        return _grad!;
    }

    internal void AccumulateGrad(Tensor dx)
    {
        if (ReferenceEquals(dx, _grad))
            return;
        if (OverwriteGrad() is { } fresh)
            Device.Run(new Copy(dx, fresh));
        else
            Device.Run(new AddScaled(dx, 1, _grad!, 1));
    }

    internal static DType DTypeOf<T>() =>
        typeof(T) == typeof(float) ? DType.Float32
        : typeof(T) == typeof(Half) ? DType.Float16
        : typeof(T) == typeof(double) ? DType.Float64
        : typeof(T) == typeof(long) ? DType.Int64
        : typeof(T) == typeof(int) ? DType.Int32
        : typeof(T) == typeof(short) ? DType.Int16
        : typeof(T) == typeof(sbyte) ? DType.Int8
        : typeof(T) == typeof(byte) ? DType.UInt8
        : typeof(T) == typeof(bool) ? DType.Bool
        : throw new ArgumentException($"{typeof(T).Name} is no element type of tensors.");
}

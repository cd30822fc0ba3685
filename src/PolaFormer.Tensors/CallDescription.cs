using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// The description of a request, for one of three uses: a device checks that the operands are ones it can reach,
/// <see cref="MetaDevice"/> and <see cref="ProfilingDevice"/> count what the request costs, and a device that repeats requests holds
/// the memory that they need.
/// </summary>
internal ref struct CallDescription
{
    // Null where costs are counted.
    private readonly Device? _device;

    // Where their memory is asked for, which is where costs are counted.
    private readonly ICollection<Storage>? _memory;

    private Tensor? _unreachable, _mistyped;

    // What holds the device's narrower type and is read as floats.
    private List<Tensor>? _narrow;
    private DType _wanted;
    private bool _hasResult;

    private CallDescription(Device? device, ICollection<Storage>? memory = null) => (_device, _memory) = (device, memory);

    /// <summary>Shape of what is computed; of the incoming gradient where a request computes several gradients.</summary>
    public Shape Result { get; private set; }

    /// <summary>Bytes of the operands and results, each counted once.</summary>
    public long Bytes { get; private set; }

    /// <summary>Multiply-accumulates of products; 0 where there are none.</summary>
    public long MultiplyAccumulates { get; private set; }

    /// <summary>What a request costs.</summary>
    public static CallDescription Of(IDeviceCall call)
    {
        var description = new CallDescription(null);
        call.Describe(ref description);
        return description;
    }

    /// <summary>Adds the memory of a request's operands and results.</summary>
    public static void AddMemory(IDeviceCall call, ICollection<Storage> memory)
    {
        var description = new CallDescription(null, memory);
        call.Describe(ref description);
    }

    /// <summary>Checks a request before a device does it, and gives the operands of the device's narrower type that it reads as floats, if any.</summary>
    /// <exception cref="InvalidOperationException">An operand is of another type than the request takes, or on a device that this one cannot reach.</exception>
    public static List<Tensor>? Check<TCall>(in TCall call, Device device)
        where TCall : struct, IDeviceCall
    {
        var description = new CallDescription(device);
        call.Describe(ref description);
        if (description._mistyped is not null || description._unreachable is not null)
            throw description.Error(call.Name);
        return description._narrow;
    }

    /// <summary>A float32 tensor that is read, if present. The device makes floats of one of its narrower type (<see cref="Device.ActivationType"/>).</summary>
    public void Reads(Tensor? x)
    {
        if (x is not null)
            AddRead(x, x);
    }

    /// <summary>A tensor of another type that is read.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="type">Its type; null where any will do.</param>
    public void Reads(Tensor x, DType? type) => Add(x, x, type);

    /// <summary>A tensor that is read as it is, in float32 or in its device's narrower type (<see cref="Device.ActivationType"/>).</summary>
    public void ReadsAny(Tensor x) => Add(x, x, TypeOf(x));

    /// <summary>A tensor that is read, if present: as it is where the result has the device's narrower type, else as floats.</summary>
    public void ReadsFor(Tensor y, Tensor? x)
    {
        if (x is not null && y.DType != DType.Float32)
            ReadsAny(x);
        else
            Reads(x);
    }

    /// <inheritdoc cref="ReadsFor(Tensor, Tensor?)"/>
    public void ReadsFor(Tensor y, Columns x)
    {
        if (y.DType != DType.Float32)
            Add(x, TypeOf(x.Source));
        else
            Reads(x);
    }

    /// <summary>Columns that are read, of float32 or as <see cref="Reads(Tensor?)"/> has it.</summary>
    public void Reads(Columns x)
    {
        if (IsNarrow(x.Source))
            (_narrow ??= []).Add(x.Source);
        else
            Add(x, DType.Float32);
    }

    /// <summary>As many elements of a tensor as another one has, which are read.</summary>
    public void ReadsPart(Tensor x, Tensor part, DType? type = DType.Float32)
    {
        if (type == DType.Float32)
            AddRead(x, part);
        else
            Add(x, part, type);
    }

    /// <summary>A float32 tensor that is written, if present; the first one is the result.</summary>
    public void Writes(Tensor? y)
    {
        if (y is null)
            return;
        Add(y, y);
        SetResult(y);
    }

    /// <summary>A result that may be in the device's narrower type (<see cref="Device.EmptyActivation"/>).</summary>
    public void WritesAny(Tensor y) => Writes(y, TypeOf(y));

    /// <summary>A tensor of another type that is written; the first one is the result.</summary>
    /// <inheritdoc cref="Reads(Tensor, DType?)"/>
    public void Writes(Tensor y, DType? type)
    {
        Add(y, y, type);
        SetResult(y);
    }

    /// <summary>Columns that are written, if present.</summary>
    public void Writes(Columns? y)
    {
        if (y is { } columns)
            Add(columns, DType.Float32);
    }

    /// <summary>∂L/∂y, from which several gradients are computed.</summary>
    public void ReadsGradient(Tensor dy)
    {
        Add(dy, dy);
        SetResult(dy);
    }

    /// <summary>A number of multiply-accumulates.</summary>
    public void Multiplies(long count) => MultiplyAccumulates += count;

    private static DType TypeOf(Tensor x) => x.DType == x.Device.ActivationType ? x.DType : DType.Float32;

    private readonly bool IsNarrow(Tensor x) => _device is not null && x.DType != DType.Float32 && x.DType == x.Device.ActivationType;

    private void AddRead(Tensor x, Tensor part)
    {
        if (IsNarrow(x))
            (_narrow ??= []).Add(x);
        else
            Add(x, part);
    }

    private void Add(Columns x, DType type)
    {
        if (type == DType.Float32 && (_device is not null || _memory is not null))
            Add(x.Source, x.Source);
        else if (_device is not null || _memory is not null)
            Add(x.Source, x.Source, type);
        else
            Bytes += x.RowStride == 0 ? 0 : x.Source.ByteCount / x.RowStride * x.Width;
    }

    // The usual case, in every request: few instructions.
    private void Add(Tensor x, Tensor part)
    {
        if (_device is null || x.DType != DType.Float32 || !ReferenceEquals(x.Device, _device))
            Add(x, part, DType.Float32);
    }

    private void Add(Tensor x, Tensor part, DType? type)
    {
        if (_device is null)
        {
            Bytes += part.ByteCount;
            _memory?.Add(x.Storage);
            return;
        }

        if (type is { } wanted && wanted != x.DType)
            (_mistyped, _wanted) = (x, wanted);
        if (!ReferenceEquals(x.Device, _device) && !_device.Reaches(x.Device))
            _unreachable = x;
    }

    private void SetResult(Tensor y)
    {
        if (_device is not null || _hasResult)
            return;
        _hasResult = true;
        Result = y.Shape;
    }

    private readonly InvalidOperationException Error(string name) => _mistyped is { } mistyped
        ? new InvalidOperationException($"{name} computes in {_wanted}; the tensor {mistyped.Shape} holds {mistyped.DType}. Convert it with To(DType.{_wanted}).")
        : new InvalidOperationException($"{name} runs on the device {_device!.Name}; the tensor {_unreachable!.Shape} is on {_unreachable.Device.Name}. Make all tensors on one device.");
}

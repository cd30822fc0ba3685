using System.Collections.Concurrent;
using System.Globalization;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// Where tensors are stored and operators computed: the interface between formulas and hardware. An operator prepares shapes and results
/// and makes a request (<see cref="IDeviceCall"/>), which a device carries out. Gradients and modules are not part of a device.
/// </summary>
public abstract unsafe class Device
{
    private static readonly ConcurrentDictionary<string, Func<int, Device>> s_kinds = new(StringComparer.Ordinal);

    [ThreadStatic]
    private static Device? t_default;

    /// <summary>The processor.</summary>
    public static Device Cpu { get; } = new CpuDevice();

    /// <summary>Where new tensors go on this thread when no device is named: <see cref="Cpu"/> unless replaced by <see cref="Use"/>.</summary>
    public static Device Default => t_default ?? Cpu;

    /// <summary>Name in messages.</summary>
    public abstract string Name { get; }

    /// <summary>What the device's tensors hold.</summary>
    public virtual MemoryStatistics MemoryStatistics { get; } = new();

    /// <summary>Finds a device by name: <c>cpu</c>, or a registered kind and a number, <c>cuda:1</c>; the first where none is given.</summary>
    /// <exception cref="ArgumentException">There is no such kind, or what follows it is no number.</exception>
    public static Device Open(string name)
    {
        if (name == Cpu.Name)
            return Cpu;
        (string kind, string number) = name.Split(':', 2) is [var first, var second] ? (first, second) : (name, "0");
        if (!s_kinds.TryGetValue(kind, out Func<int, Device>? open) || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            throw new ArgumentException($"There is no device '{name}'; devices are {string.Join(", ", s_kinds.Keys.Order().Select(other => $"{other}, {other}:1").Prepend(Cpu.Name))}.");
        return open(index);
    }

    /// <summary>Lets <see cref="Open"/> find devices of a kind by their number.</summary>
    /// <param name="kind">Name of the kind, without a colon.</param>
    /// <param name="open">Gives the device of a number, from 0.</param>
    public static void Register(string kind, Func<int, Device> open) => s_kinds[kind] = open;

    /// <summary>Makes this device the default of this thread until the result is disposed.</summary>
    public IDisposable Use()
    {
        var restore = new RestoreDefault(t_default);
        t_default = this;
        return restore;
    }

    /// <summary>A tensor with undefined contents.</summary>
    public Tensor Empty(Shape shape, DType type = DType.Float32) => new(this, Allocate(checked(shape.Count * type.Size())), 0, shape, type);

    /// <summary>Whether a request may still be under way when the program goes on, so that reading a value waits for all before it.</summary>
    public virtual bool IsAsynchronous => false;

    /// <summary>Waits until all requests to the device have been carried out. A clock that is stopped after it has measured the work.</summary>
    public virtual void Synchronize()
    {
    }

    /// <summary>
    /// Prepares a pass that will be run many times. A device that starts requests one by one may take down which there are in one of the
    /// first runs and repeat them as a whole from then on, so that the host's part of the time goes away. Such a pass reads no values,
    /// takes the same ones from the host every time, and no other thread uses the device while it runs; a pass that does otherwise goes
    /// on as it is (<see cref="RepeatedPass.WhyNotWhole"/>).
    /// </summary>
    /// <param name="pass">Computes from tensors that stay the same; their contents may change between runs.</param>
    public virtual RepeatedPass Repeat(Func<Tensor> pass) => new(pass);

    /// <summary>What can join this device to those of other processes.</summary>
    /// <param name="whyNone">Why there is none, in one clause.</param>
    public virtual DeviceNetwork? FindNetwork(out string whyNone)
    {
        whyNone = $"nothing joins the device {Name} to others";
        return null;
    }

    /// <summary>Hands the pool's unused memory back to the system.</summary>
    public virtual void TrimMemory()
    {
    }

    /// <summary>The device in whose memory the tensors are: itself, unless it forwards to another one.</summary>
    internal virtual Device Memory => this;

    /// <summary>Where values that the host gives are put for operators of this device: itself, unless it takes them as constants of another one.</summary>
    internal virtual Device ForConstants => this;

    /// <summary>Memory for so many bytes, of the current scope, or of the garbage collector where there is none.</summary>
    internal abstract Storage Allocate(long bytes);

    /// <summary>Copies from the processor's memory into this device's; the source may be overwritten afterwards.</summary>
    /// <param name="source">First byte.</param>
    /// <param name="destination">Memory of this device.</param>
    /// <param name="offset">Where to begin there, in bytes.</param>
    /// <param name="bytes">How many.</param>
    internal abstract void CopyFromHost(void* source, Storage destination, long offset, long bytes);

    /// <summary>Copies from this device's memory into the processor's, after all requests made before.</summary>
    /// <param name="source">Memory of this device.</param>
    /// <param name="offset">Where to begin there, in bytes.</param>
    /// <param name="destination">First byte.</param>
    /// <param name="bytes">How many.</param>
    internal abstract void CopyToHost(Storage source, long offset, void* destination, long bytes);

    /// <summary>Carries out a request whose shapes have been checked by the operator: checks devices and types, then computes.</summary>
    /// <exception cref="InvalidOperationException">An operand is of another type than the request takes, or on another device.</exception>
    internal void Run<TCall>(in TCall call)
        where TCall : struct, IDeviceCall
    {
        List<Tensor>? narrow = CallDescription.Check(call, this);

        // The processor's requests stay on the stack.
        if (this is CpuDevice)
        {
            call.OnCpu();
        }
        else if (narrow is null)
        {
            Execute(call);
        }
        else
        {
            using MemoryScope scope = MemoryScope.Enter();
            using var floats = new FloatCopies(narrow);
            Execute(call);
        }
    }

    /// <summary>Carries out a checked request.</summary>
    internal abstract void Execute(IDeviceCall call);

    /// <summary>Whether operands on another device can be used here.</summary>
    internal virtual bool Reaches(Device other) => ReferenceEquals(Memory, other.Memory);

    /// <summary>Whether the device carries out this request by itself; else the operator composes it from others.</summary>
    internal bool Fuses<TCall>()
        where TCall : struct, IDeviceCall => !Composition.IsForced && (this is CpuDevice || HasKernel(typeof(TCall)));

    /// <summary>
    /// Floats that the fused kernel of an attention saves for its backward pass; null where the attention is composed from other
    /// requests.
    /// </summary>
    /// <param name="extents">The attention's extents.</param>
    /// <param name="processors">How many the processor's kernel saves.</param>
    internal int? StateLength<TCall>(in AttentionExtents extents, long processors)
        where TCall : struct, IDeviceCall => Fuses<TCall>() && StateLength(typeof(TCall), extents, processors) is { } length ? checked((int)length) : null;

    /// <summary><see cref="StateLength{TCall}"/> for a request that has a kernel.</summary>
    internal virtual long? StateLength(Type call, in AttentionExtents extents, long processors) => processors;

    /// <summary>Whether backward kernels of polarity attention read the result of the forward pass, which is kept for them then.</summary>
    internal virtual bool SavesAttention => false;

    /// <summary>
    /// How this device stores what layers hand to each other and what is kept for backward passes, where it is large: Float32, or a
    /// narrower type. A request takes either (<see cref="CallDescription.ReadsAny(Tensor)"/>), or gets floats of the narrower one.
    /// </summary>
    internal virtual DType ActivationType => DType.Float32;

    /// <summary>
    /// Memory for a result that mostly goes to products and attention, such as that of a linear layer or a norm: in
    /// <see cref="ActivationType"/> where it has rows for tokens; what has a row for an image, such as logits, and what is small is Float32.
    /// </summary>
    internal Tensor EmptyActivation(Shape shape) => Empty(shape, shape.Rank > 2 && shape.Count >= Tensor.LeastNarrowed ? ActivationType : DType.Float32);

    /// <summary>Type of a result of kernels whose operands and results have one type: <see cref="ActivationType"/> where all operands do, else Float32.</summary>
    internal DType TypeOfResult(Tensor a, Tensor? b = null, Tensor? c = null)
    {
        DType type = ActivationType;
        return a.DType == type && (b is null || b.DType == type) && (c is null || c.DType == type) ? type : DType.Float32;
    }

    /// <summary>Whether the device carries out a request that can be composed.</summary>
    /// <param name="call">Type of the request.</param>
    internal abstract bool HasKernel(Type call);

    /// <summary>
    /// The memory of a weight in the layout that this device's forward passes are fastest with, to replace its own; null where that is
    /// the layout it has. The weight is (out, in / groups, …).
    /// </summary>
    /// <param name="weight">The weight.</param>
    /// <param name="groups">Independent groups of channels.</param>
    /// <param name="isDense">Whether it is a kernel that visits every pixel and has no gaps between its taps.</param>
    internal virtual Storage? Pack(Tensor weight, int groups, bool isDense) => null;

    private sealed class RestoreDefault(Device? previous) : IDisposable
    {
        public void Dispose() => t_default = previous;
    }
}

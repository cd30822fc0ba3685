using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// Where tensors live and arithmetic runs: the one seam between formulas and hardware. An operator prepares shapes and results
/// and makes a request (<see cref="IDeviceCall"/>), which a device carries out. Gradients and modules are not part of a device.
/// </summary>
public abstract class Device
{
    [ThreadStatic]
    private static Device? t_default;

    /// <summary>The processor.</summary>
    public static Device Cpu { get; } = new CpuDevice();

    /// <summary>Where new tensors go on this thread when no device is named: <see cref="Cpu"/> unless replaced by <see cref="Use"/>.</summary>
    public static Device Default => t_default ?? Cpu;

    /// <summary>Name in messages.</summary>
    public abstract string Name { get; }

    /// <summary>Makes this device the default of this thread until the result is disposed.</summary>
    public IDisposable Use()
    {
        var restore = new RestoreDefault(t_default);
        t_default = this;
        return restore;
    }

    /// <summary>A tensor with undefined contents.</summary>
    public Tensor Empty(Shape shape, DType type = DType.Float32) => new(this, Allocate(checked(shape.Count * type.Size())), 0, shape, type);

    /// <summary>The device in whose memory the tensors lie: itself, unless it stands in front of another one.</summary>
    internal virtual Device Memory => this;

    internal abstract Storage Allocate(long bytes);

    /// <summary>Carries out a request whose shapes have been checked by the operator: checks devices and types, then computes.</summary>
    /// <exception cref="InvalidOperationException">An operand is of another type than the request takes, or on another device.</exception>
    internal void Run<TCall>(in TCall call)
        where TCall : struct, IDeviceCall
    {
        CallDescription.Check(call, this);

        // The processor's requests stay on the stack.
        if (this is CpuDevice)
            call.OnCpu();
        else
            Execute(call);
    }

    /// <summary>Carries out a checked request.</summary>
    internal abstract void Execute(IDeviceCall call);

    /// <summary>Whether operands on another device can be used here.</summary>
    internal virtual bool Reaches(Device other) => ReferenceEquals(Memory, other.Memory);

    /// <summary>Whether the device carries out this request by itself; else the operator composes it from others.</summary>
    internal bool Fuses<TCall>()
        where TCall : struct, IDeviceCall => !Composition.IsForced && (this is CpuDevice || HasKernel(typeof(TCall)));

    /// <summary>Whether the device carries out a request that can be composed.</summary>
    /// <param name="call">Type of the request.</param>
    internal abstract bool HasKernel(Type call);

    /// <summary>
    /// The memory of a weight laid out as this device's forward passes like it best, to replace its own; null where that is
    /// the layout it has. The weight is (out, in / groups, …).
    /// </summary>
    internal virtual Storage? Pack(Tensor weight, int groups) => null;

    private sealed class RestoreDefault(Device? previous) : IDisposable
    {
        public void Dispose() => t_default = previous;
    }
}

using System.Diagnostics;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// A device that forwards every request to another one and records what it cost. A gradient counts the multiply-accumulates
/// as often as it takes products of the forward pass's size (once for each of input and weight, twice for attention). For one
/// thread at a time.
/// </summary>
/// <example><code>
/// var profiler = new ProfilingDevice(Device.Cpu, () => Module.Running?.FullName ?? "");
/// using (profiler.Use()) { model = create(); model.Forward(Tensor.Zeros([1, 224, 224, 3])); }
/// foreach (DeviceCall call in profiler.Calls) …
/// </code></example>
/// <param name="device">Computes.</param>
/// <param name="caller">Names the part of the program that is calling.</param>
public sealed unsafe class ProfilingDevice(Device device, Func<string> caller) : Device
{
    private readonly List<DeviceCall> _calls = [];

    /// <summary>The calls since the start or the last <see cref="Clear"/>, in order.</summary>
    public IReadOnlyList<DeviceCall> Calls => _calls;

    /// <inheritdoc/>
    public override string Name => device.Name;

    /// <inheritdoc/>
    public override MemoryStatistics MemoryStatistics => device.MemoryStatistics;

    /// <inheritdoc/>
    public override bool IsAsynchronous => device.IsAsynchronous;

    /// <inheritdoc/>
    public override void Synchronize() => device.Synchronize();

    /// <inheritdoc/>
    public override void TrimMemory() => device.TrimMemory();

    /// <summary>Removes the calls so far.</summary>
    public void Clear() => _calls.Clear();

    internal override Device Memory => device.Memory;

    internal override Storage Allocate(long bytes) => device.Allocate(bytes);

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) => device.CopyFromHost(source, destination, offset, bytes);

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) => device.CopyToHost(source, offset, destination, bytes);

    internal override void Execute(IDeviceCall call)
    {
        long start = Stopwatch.GetTimestamp();
        device.Execute(call);
        device.Synchronize();
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        CallDescription cost = CallDescription.Of(call);
        _calls.Add(new DeviceCall(caller(), call.Name, cost.Result, time, cost.MultiplyAccumulates, cost.Bytes));
    }

    internal override bool Reaches(Device other) => base.Reaches(other) || device.Reaches(other);

    internal override bool HasKernel(Type call) => device.HasKernel(call);

    internal override bool SavesAttention => device.SavesAttention;

    internal override DType ActivationType => device.ActivationType;

    internal override long? StateLength(Type call, in AttentionExtents extents, long processors) => device.StateLength(call, extents, processors);
}

using PolaFormer.Cuda.Links;
using PolaFormer.Cuda.Requests;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda;

/// <summary>
/// A GPU as a device: tensors lie in its memory, and requests start its kernels and return before they are done. Reading a value
/// waits for all that leads to it. Requests of several threads are done in the order in which they come.
/// </summary>
/// <example><code>
/// Device gpu = CudaDevice.Open(0);
/// using IDisposable use = gpu.Use();
/// model.To(gpu);
/// float[] logits = model.Forward(Tensor.From(pixels, [1, 224, 224, 3])).ToArray();
/// </code></example>
public sealed unsafe class CudaDevice : Device
{
    /// <summary>The kind of device, in <see cref="Device.Open"/> and on command lines.</summary>
    public const string Kind = "cuda";

    private static readonly Lock s_gate = new();
    private static readonly Dictionary<int, CudaDevice> s_opened = [];

    private readonly IGpuRuntime _runtime;
    private GpuPool _pool;

    // Where work is captured: the step, and the memory that the work reads and writes.
    private CapturedStep _step;
    private HashSet<Storage>? _captured;

    // Where a pass may be captured: what it has taken from the host, a number each.
    private List<int>? _fromHost;

    internal CudaDevice(IGpuRuntime runtime, string name)
    {
        _runtime = runtime;
        _pool = new GpuPool(runtime, MemoryStatistics);
        Name = name;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>The GPU's product name and number.</summary>
    public string Product => _runtime.Name;

    /// <summary>
    /// Mixed precision: products, those of convolutions and attention among them, round their operands to bfloat16, for which tensor
    /// cores are several times as fast; what linear layers, norms and attention hand to the next layer and activations that are kept
    /// for a backward pass are stored in it. Sums, the residual stream, weights, gradients, statistics of norms, normalisers, logits and
    /// states of optimisers stay in float32.
    /// </summary>
    public bool IsMixedPrecision { get; set; }

    /// <summary>Opens a GPU, the same device every time.</summary>
    /// <param name="index">Number of the GPU, from 0.</param>
    /// <exception cref="CudaException">The driver is missing, there is no such GPU, or it is too old.</exception>
    public static CudaDevice Open(int index = 0)
    {
        lock (s_gate)
        {
            if (!s_opened.TryGetValue(index, out CudaDevice? device))
                s_opened[index] = device = new CudaDevice(new GpuRuntime(Gpu.Open(index)), $"{Kind}:{index}");
            return device;
        }
    }

    /// <summary>Lets <see cref="Device.Open"/> find GPUs by name.</summary>
    public static void Register() => Register(Kind, Open);

    /// <inheritdoc/>
    public override bool IsAsynchronous => true;

    /// <inheritdoc/>
    public override void Synchronize()
    {
        RefuseWhileCapturing();
        _runtime.Synchronize();
    }

    /// <inheritdoc/>
    public override RepeatedPass Repeat(Func<Tensor> pass) => new CapturedPass(this, new GpuPool(_runtime, MemoryStatistics, _pool), pass);

    /// <inheritdoc/>
    public override DeviceNetwork? FindNetwork(out string whyNone) => NcclNetwork.Find(_runtime, out whyNone);

    /// <inheritdoc/>
    public override void TrimMemory()
    {
        _pool.Trim();
        _runtime.ReleaseUnused();
    }

    internal override Storage Allocate(long bytes)
    {
        var storage = new GpuStorage(this, _pool, bytes);
        MemoryScope.Adopt(storage);
        return storage;
    }

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes)
    {
        if (_fromHost is not null)
        {
            var hash = default(HashCode);
            hash.AddBytes(new ReadOnlySpan<byte>(source, checked((int)bytes)));
            _fromHost.Add(hash.ToHashCode());
        }

        _runtime.CopyFromHost(source, AddressOf(destination) + (nint)offset, bytes);
    }

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes)
    {
        RefuseWhileCapturing();
        _runtime.CopyToHost(AddressOf(source) + (nint)offset, destination, bytes);
    }

    internal override void Execute(IDeviceCall call)
    {
        if (_captured is not null)
            CallDescription.AddMemory(call, _captured);
        RequestTable.Default.Run(new KernelContext(_runtime.Queue, this, IsMixedPrecision) { Step = _step }, call);
    }

    /// <summary>Runs a part of the program whose tensors lie in a pool, and takes down what it takes from the host.</summary>
    internal T RunIn<T>(GpuPool pool, List<int>? fromHost, Func<T> run)
    {
        (GpuPool outerPool, List<int>? outerList) = (_pool, _fromHost);
        (_pool, _fromHost) = (pool, fromHost);
        try
        {
            return run();
        }
        finally
        {
            (_pool, _fromHost) = (outerPool, outerList);
        }
    }

    /// <summary>Takes down the requests of a part of the program instead of carrying them out.</summary>
    /// <param name="pool">Where its tensors lie.</param>
    /// <param name="fromHost">What it takes from the host.</param>
    /// <param name="step">The training step.</param>
    /// <param name="memory">What its requests read and write.</param>
    /// <param name="run">The part of the program.</param>
    internal ICapturedWork Capture(GpuPool pool, List<int> fromHost, CapturedStep step, HashSet<Storage> memory, Action run)
    {
        (_step, _captured) = (step, memory);
        try
        {
            return RunIn(pool, fromHost, () => _runtime.Capture(run));
        }
        finally
        {
            (_step, _captured) = (default, null);
        }
    }

    /// <summary>Overwrites memory by a number.</summary>
    internal void Write(Storage destination, ulong value) => _runtime.CopyFromHost(&value, AddressOf(destination), sizeof(ulong));

    /// <summary>Takes over the memory of a pool that is not used any more.</summary>
    internal void Inherit(GpuPool pool) => pool.LeaveTo(_pool);

    /// <summary>Where a storage lies.</summary>
    internal nint AddressOf(Storage storage) => ((GpuStorage)storage).Address;

    internal override bool HasKernel(Type call) => RequestTable.Default.Has(call);

    internal override bool SavesAttention => true;

    internal override DType ActivationType => IsMixedPrecision ? DType.BFloat16 : DType.Float32;

    internal override long? StateLength(Type call, in AttentionExtents extents, long processors) =>
        AttentionRequests.StateLength(call, extents, IsMixedPrecision, _runtime.Queue.MostSharedBytes);

    private void RefuseWhileCapturing()
    {
        if (_runtime.IsCapturing)
            throw new InvalidOperationException("It reads values of the device while it runs.");
    }
}

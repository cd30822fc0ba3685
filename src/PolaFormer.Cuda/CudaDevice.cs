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

    private const int RunsBeforeCapture = 2;

    private static readonly Lock s_gate = new();
    private static readonly Dictionary<int, CudaDevice> s_opened = [];

    private readonly IGpuRuntime _runtime;
    private GpuPool _pool;

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
    /// cores are several times as fast, and what lies between the products of feed-forward layers is stored in it. Sums, weights,
    /// gradients of weights, norms, states of optimisers and what goes from layer to layer stay in float32.
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
    public override void Synchronize() => _runtime.Synchronize();

    /// <inheritdoc/>
    /// <exception cref="CudaException">The pass reads values.</exception>
    public override RepeatedPass Repeat(Func<Tensor> pass)
    {
        // Memory of its own, as the work will write where it wrote now.
        GpuPool shared = _pool, own = new(_runtime, MemoryStatistics);
        _pool = own;
        try
        {
            // The first run loads kernels, finds algorithms and makes tables that stay; the second takes the memory of a run that has them.
            for (int run = 0; run < RunsBeforeCapture; run++)
                RepeatedPass.Keep(pass).Storage.Release();
            Tensor? result = null;
            ICapturedWork work = _runtime.Capture(() => result = RepeatedPass.Keep(pass));
            return new CapturedPass(work, result!, own);
        }
        finally
        {
            _pool = shared;
        }
    }

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

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) =>
        _runtime.CopyFromHost(source, ((GpuStorage)destination).Address + (nint)offset, bytes);

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) =>
        _runtime.CopyToHost(((GpuStorage)source).Address + (nint)offset, destination, bytes);

    internal override void Execute(IDeviceCall call) => RequestTable.Default.Run(new KernelContext(_runtime.Queue, this, IsMixedPrecision), call);

    internal override bool HasKernel(Type call) => RequestTable.Default.Has(call);

    internal override bool SavesAttention => true;

    internal override DType KeptType => IsMixedPrecision ? DType.BFloat16 : DType.Float32;

    internal override long? StateLength(Type call, in AttentionExtents extents, long processors) =>
        AttentionRequests.StateLength(call, extents);
}

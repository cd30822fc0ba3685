using System.Runtime.InteropServices;
using System.Text;
using PolaFormer.Cuda.Driver;
using static PolaFormer.Cuda.Driver.DriverApi;

namespace PolaFormer.Cuda;

/// <summary>One of this machine's GPUs, opened: its properties, its context and its memory.</summary>
public sealed unsafe class Gpu : IDisposable
{
    /// <summary>The oldest generation that the kernels are made for: tensor cores with bfloat16 (Ampere).</summary>
    private const int OldestCapability = 80;

    [ThreadStatic]
    private static nint t_context;

    private readonly int _device;
    private readonly nint _context, _pool;
    private bool _disposed;

    private Gpu(int ordinal)
    {
        Ordinal = ordinal;
        Check(cuDeviceGet(out _device, ordinal), $"open GPU {ordinal}");
        byte* name = stackalloc byte[256];
        Check(cuDeviceGetName(name, 256, _device), "tell its name");
        Name = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
        Capability = (10 * Attribute(DeviceAttribute.ComputeCapabilityMajor)) + Attribute(DeviceAttribute.ComputeCapabilityMinor);
        Multiprocessors = Attribute(DeviceAttribute.MultiprocessorCount);
        MostSharedBytes = Attribute(DeviceAttribute.MostSharedBytesPerBlock);
        if (Capability < OldestCapability)
            throw new CudaException($"{Name} has compute capability {Capability / 10}.{Capability % 10}; 8.0 or newer is needed (Ampere, 2020). Use the processor instead: --device cpu.");
        Check(cuDevicePrimaryCtxRetain(out _context, _device), "make a context");
        Bind();
        Check(cuDeviceGetDefaultMemPool(out _pool, _device), "make a memory pool");
        ulong keep = ulong.MaxValue; // memory that is freed stays with the process
        const int ReleaseThreshold = 4;
        Check(cuMemPoolSetAttribute(_pool, ReleaseThreshold, &keep), "set up its memory pool");
    }

    /// <summary>Number among this machine's GPUs.</summary>
    public int Ordinal { get; }

    /// <summary>The product's name.</summary>
    public string Name { get; }

    /// <summary>Compute capability times ten: 80 for 8.0.</summary>
    public int Capability { get; }

    /// <summary>Number of multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Shared memory that one block may have, in bytes.</summary>
    public int MostSharedBytes { get; }

    /// <summary>The driver's identifier, which no other GPU has.</summary>
    public Guid Uuid
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            fixed (byte* uuid = bytes)
                Check(cuDeviceGetUuid(uuid, _device), "tell its identifier");
            return new Guid(bytes, bigEndian: true);
        }
    }

    /// <summary>Memory that is free, in bytes.</summary>
    public long FreeMemory => MemoryInfo().Free;

    /// <summary>Number of GPUs of this machine; 0 without a driver.</summary>
    public static int Count => WhyUnavailable() is null && cuDeviceGetCount(out int count) == 0 ? count : 0;

    /// <summary>Null where GPUs can be used, otherwise one sentence that says what is missing.</summary>
    public static string? WhyUnavailable()
    {
        if (!NativeLibraries.TryLoad(FileNames, out _))
            return $"NVIDIA's driver is not installed ({FileNames[0]} was not found). Install the driver, or use --device cpu.";
        int result = cuInit(0);
        if (result != 0)
            return new CudaException(result, "be used", result == 100 ? "NVIDIA's driver is installed but finds no GPU" : $"NVIDIA's driver answers with error {result}").Message;
        if (cuDeviceGetCount(out int count) != 0 || count == 0)
            return "NVIDIA's driver is installed but finds no GPU. Use --device cpu.";
        return null;
    }

    /// <summary>Opens a GPU.</summary>
    public static Gpu Open(int ordinal = 0)
    {
        if (WhyUnavailable() is { } reason)
            throw new CudaException(reason);
        return ordinal >= 0 && ordinal < Count ? new Gpu(ordinal) : throw new CudaException($"There is no GPU {ordinal}: this machine has {Count}, counted from 0.");
    }

    /// <summary>A new queue of work, beside the others.</summary>
    public GpuStream NewStream() => new(this);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (cuda:{Ordinal})";

    /// <summary>Gives the context back.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        t_context = 0;
        cuDevicePrimaryCtxRelease_v2(_device);
    }

    /// <summary>Makes this GPU the one that the driver's calls of this thread mean.</summary>
    internal void Bind()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (t_context == _context)
            return;
        Check(cuCtxSetCurrent(_context), "be selected");
        t_context = _context;
    }

    /// <summary>Lets other processes have memory that was freed.</summary>
    internal void TrimMemory()
    {
        Bind();
        Check(cuMemPoolTrimTo(_pool, 0), "give memory back");
    }

    internal (long Free, long Total) MemoryInfo()
    {
        Bind();
        Check(cuMemGetInfo_v2(out nuint free, out nuint total), "tell its free memory");
        return ((long)free, (long)total);
    }

    private int Attribute(DeviceAttribute attribute)
    {
        Check(cuDeviceGetAttribute(out int value, attribute, _device), "tell its properties");
        return value;
    }
}

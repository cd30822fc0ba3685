namespace PolaFormer.Cuda;

/// <summary>NVIDIA's driver is missing, or said no.</summary>
public sealed class CudaException : Exception
{
    /// <summary>The driver's code for memory that is not to be had.</summary>
    internal const int OutOfMemory = 2;

    /// <summary>A failure without a code of the driver.</summary>
    public CudaException(string message) : base(message)
    {
    }

    internal CudaException(int result, string action, string description) : base($"The GPU could not {action}: {description}.") =>
        Result = result;

    private CudaException(int result, string message) : base(message) => Result = result;

    /// <summary>The driver's result code, or 0.</summary>
    public int Result { get; }

    /// <summary>Whether the GPU had too little memory.</summary>
    public bool IsOutOfMemory => Result == OutOfMemory;

    internal static CudaException NotEnoughMemory(string gpu, long asked, long free, long total) => new(
        OutOfMemory,
        $"{gpu} is out of memory: {Megabytes(asked)} asked for, {Megabytes(free)} of {Megabytes(total)} free. Use a smaller batch, or end other programs on this GPU.");

    private static string Megabytes(long bytes) => bytes < 10L << 20 ? $"{bytes / 1024.0:F1} KiB" : $"{bytes / (1024.0 * 1024.0):F0} MiB";
}

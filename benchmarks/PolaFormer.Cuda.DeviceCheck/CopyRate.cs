namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>The rate at which this GPU copies its memory, read and written bytes counted.</summary>
internal static class CopyRate
{
    private const long Bytes = 4L << 30;

    public static double Measure(GpuStream stream)
    {
        using GpuMemory from = stream.Allocate(Bytes), to = stream.Allocate(Bytes);
        stream.Fill(from.Address, 0x5A, Bytes);
        return 2 * Bytes / (Stopwatch.Median(stream, () => stream.Copy(from.Address, to.Address, Bytes)) * 1e-3) / 1e12;
    }

    public static void Print(GpuStream stream) => Console.WriteLine($"{stream.Gpu.Name}: copy {Measure(stream):F3} TB/s");
}

using PolaFormer.Cuda;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli;

/// <summary>The devices of this machine.</summary>
internal static class DeviceList
{
    /// <summary>Prints what <c>--device</c> takes here, and why there is no GPU where there is none.</summary>
    public static void Print(bool asJson)
    {
        string? missing = Gpu.WhyUnavailable();
        List<Entry> entries = [new(Device.Cpu.Name, $"{Workers.ThreadCount} threads", MachineMemory.FreeBytesForTensors)];
        for (int i = 0; i < Gpu.Count; i++)
        {
            using Gpu gpu = Gpu.Open(i);
            entries.Add(new Entry($"{CudaDevice.Kind}:{i}", gpu.Name, gpu.FreeMemory));
        }

        if (asJson)
        {
            Json.Print(new
            {
                devices = entries.Select(entry => new { name = entry.Name, product = entry.Product, free_bytes = entry.FreeBytes }),
                cuda = missing ?? "available",
            });
            return;
        }

        foreach (Entry entry in entries)
            Console.WriteLine(FormattableString.Invariant($"{entry.Name,-8} {entry.Product}, {entry.FreeBytes / 1e9:F1} GB free"));
        if (missing is not null)
            Console.WriteLine($"{CudaDevice.Kind,-8} {missing}");
    }

    private sealed record Entry(string Name, string Product, long FreeBytes);
}

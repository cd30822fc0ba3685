using System.Globalization;

namespace PolaFormer.Tensors.Memory;

/// <summary>How much memory the process may use.</summary>
public static class MachineMemory
{
    // A container's limit, as the system shows it inside the container.
    private static readonly string[] s_limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

    /// <summary>Bytes of the machine, or of the container that the process runs in.</summary>
    public static long TotalBytes { get; } = Read();

    /// <summary>The part of it that tensors may have: what is left serves the system and the rest of the process.</summary>
    public static long BytesForTensors => TotalBytes - (TotalBytes / 16);

    private static long Read()
    {
        // In a container the collector's figure is three quarters of the limit.
        long total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        foreach (string path in s_limits)
        {
            try
            {
                // A file of hundreds of digits or "max" means that there is no limit.
                if (File.Exists(path) && long.TryParse(File.ReadAllText(path).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long limit) && limit < long.MaxValue / 2)
                    return limit;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Not to be read here: the collector's figure stands.
            }
        }

        return total;
    }
}

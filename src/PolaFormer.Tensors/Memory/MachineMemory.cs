using System.Globalization;

namespace PolaFormer.Tensors.Memory;

/// <summary>How much memory the process may use.</summary>
public static class MachineMemory
{
    // A container's limit, as it is read inside the container; no number where there is none.
    private static readonly string[] s_limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

    /// <summary>Bytes of the machine, or of the container that the process runs in.</summary>
    public static long TotalBytes { get; } = Math.Min(FromSystem("MemTotal:") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, Limit());

    /// <summary>The part of it that tensors may have: the rest is for the system and the rest of the process.</summary>
    public static long BytesForTensors => TotalBytes - (TotalBytes / 16);

    /// <summary>What tensors may take beyond what they have: less than follows from <see cref="BytesForTensors"/> where other programs need memory.</summary>
    public static long FreeBytesForTensors => Math.Min(BytesForTensors - Device.Cpu.MemoryStatistics.BytesReserved, FromSystem("MemAvailable:") ?? long.MaxValue);

    private static long Limit()
    {
        foreach (string path in s_limits)
        {
            if (Text(path) is { } text && long.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long limit))
                return limit;
        }

        return long.MaxValue;
    }

    // A line of Linux's table: "MemTotal:       24696064 kB".
    private static long? FromSystem(string name)
    {
        foreach (string line in Text("/proc/meminfo")?.Split('\n') ?? [])
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, string number, "kB"])
                return 1024 * long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return null;
    }

    private static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

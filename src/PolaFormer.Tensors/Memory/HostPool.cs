using System.Globalization;
using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Memory;

/// <summary>Aligned blocks of the process's memory, as many as the machine has room for.</summary>
internal sealed unsafe class HostPool(MemoryStatistics statistics) : MemoryPool(statistics)
{
    /// <summary>One cache line, and one AVX-512 vector.</summary>
    public const int Alignment = 64;

    private const int LargeBlock = 64 << 20;

    protected override long MaxBytes => MachineMemory.BytesForTensors;

    // A system that overcommits memory ends the process once the memory is used up, so the limit is kept here.
    protected override nint TryReserve(long capacity)
    {
        if (!HasRoom(capacity))
            return 0;
        try
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)capacity, Alignment);
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
    }

    protected override void Free(nint block) => NativeMemory.AlignedFree((void*)block);

    protected override InsufficientMemoryException Refusal(long bytes) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"A tensor of {bytes / 1e6:#,0} MB is more than the memory has room for: tensors use {Statistics.BytesInUse / 1e6:#,0} of the {MachineMemory.TotalBytes / 1e6:#,0} MB. Use a smaller batch, smaller images or fewer tokens."));

    // The memory that other programs need is read for large blocks alone, since reading it is slow.
    private bool HasRoom(long capacity) => capacity < LargeBlock
        ? Statistics.BytesReserved + capacity <= MachineMemory.BytesForTensors
        : capacity <= MachineMemory.FreeBytesForTensors;
}

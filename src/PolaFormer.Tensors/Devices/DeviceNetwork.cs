namespace PolaFormer.Tensors;

/// <summary>What joins devices of several processes, memory to memory, such as NCCL between GPUs.</summary>
public abstract class DeviceNetwork
{
    /// <summary>Name and version, in messages.</summary>
    public abstract string Name { get; }

    /// <summary>What tells this device from others of its machine: processes that share one cannot be joined.</summary>
    public abstract string Place { get; }

    /// <summary>Makes what one process gives to all others to find each other by. All make as many bytes.</summary>
    public abstract byte[] NewId();

    /// <summary>Joins this process's device to those of the others, which call it, too; waits for them.</summary>
    /// <param name="id">What one of them made.</param>
    /// <param name="rank">Number of this process, from 0.</param>
    /// <param name="size">Number of processes.</param>
    public abstract DeviceLinks Join(ReadOnlySpan<byte> id, int rank, int size);
}

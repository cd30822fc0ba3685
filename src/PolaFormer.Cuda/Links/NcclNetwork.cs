using PolaFormer.Cuda.Driver;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Links;

/// <summary>NVIDIA's library of messages between GPUs, over NVLink, PCIe and networks.</summary>
internal sealed unsafe class NcclNetwork : DeviceNetwork
{
    private const int OldestVersion = 2700;

    private readonly IGpuRuntime _runtime;

    private NcclNetwork(IGpuRuntime runtime, int version) => (_runtime, Name) = (runtime, $"NCCL {TextOf(version)}");

    public override string Name { get; }

    public override string Place => _runtime.Place;

    /// <summary>The library, where it is installed.</summary>
    /// <param name="runtime">The GPU.</param>
    /// <param name="whyNone">Why it is not used, in one clause.</param>
    public static NcclNetwork? Find(IGpuRuntime runtime, out string whyNone)
    {
        whyNone = $"{NcclApi.FileNames[0]} is not found; install NCCL on every machine (NVIDIA's package libnccl2)";
        if (!NativeLibraries.TryLoad(NcclApi.FileNames, out _))
            return null;
        NcclApi.Check(NcclApi.ncclGetVersion(out int version), "tell its version");
        whyNone = $"NCCL {TextOf(version)} is older than {TextOf(OldestVersion)}";
        return version >= OldestVersion ? new NcclNetwork(runtime, version) : null;
    }

    public override byte[] NewId()
    {
        byte[] bytes = new byte[NcclApi.IdBytes];
        fixed (byte* id = bytes)
            NcclApi.Check(NcclApi.ncclGetUniqueId((NcclApi.UniqueId*)id), "prepare the meeting of the workers");
        return bytes;
    }

    public override DeviceLinks Join(ReadOnlySpan<byte> id, int rank, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(id.Length, NcclApi.IdBytes);
        return new NcclLinks(_runtime, id, rank, size);
    }

    // NCCL_VERSION_CODE: up to 2.8 thousands, hundreds and ones, from 2.9 on ten thousands.
    private static string TextOf(int version) => version < 10000
        ? $"{version / 1000}.{version / 100 % 10}.{version % 100}"
        : $"{version / 10000}.{version / 100 % 100}.{version % 100}";
}

namespace PolaFormer.Cuda.Driver;

/// <summary>What can be asked of a GPU; the numbers are the driver's.</summary>
internal enum DeviceAttribute
{
    MultiprocessorCount = 16,
    L2CacheBytes = 38,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    MostSharedBytesPerBlock = 97,
    MemoryPoolsSupported = 115,
}

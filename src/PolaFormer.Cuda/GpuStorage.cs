using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda;

/// <summary>Memory of a GPU.</summary>
internal sealed class GpuStorage(Device device, MemoryPool pool, long bytes) : PooledStorage(device, pool, bytes);

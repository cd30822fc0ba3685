using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>The processor: a request brings its own way to the kernels.</summary>
internal sealed unsafe class CpuDevice : Device
{
    private readonly HostPool _pool;

    public CpuDevice() => _pool = new HostPool(MemoryStatistics);

    public override string Name => "cpu";

    public override void TrimMemory() => _pool.Trim();

    internal override Storage Allocate(long bytes)
    {
        var storage = new HostStorage(this, _pool, bytes);
        MemoryScope.Adopt(storage);
        return storage;
    }

    internal override void CopyFromHost(void* source, Storage destination, long offset, long bytes) =>
        Buffer.MemoryCopy(source, (byte*)((HostStorage)destination).Pointer + offset, bytes, bytes);

    internal override void CopyToHost(Storage source, long offset, void* destination, long bytes) =>
        Buffer.MemoryCopy((byte*)((HostStorage)source).Pointer + offset, destination, bytes, bytes);

    internal override void Execute(IDeviceCall call) => call.OnCpu();

    internal override bool HasKernel(Type call) => true;

    internal override Storage? Pack(Tensor weight, int groups, bool isDense)
    {
        int outputs = weight.Shape[0], inputs = weight.Shape[1];
        (int height, int width) = weight.Rank == 4 ? (weight.Shape[2], weight.Shape[3]) : (1, 1);
        if (inputs == 1 && groups == outputs)
        {
            HostStorage tapsFirst = AllocateForCollector(weight.ByteCount);
            DepthwiseConvolution.TapsFirst(weight.Data, outputs, height * width, (float*)tapsFirst.Pointer);
            return tapsFirst;
        }

        if (isDense && WinogradConvolution.Fits(outputs, inputs, height, width, groups))
        {
            HostStorage places = AllocateForCollector(WinogradConvolution.PackedWeightLength(outputs, inputs) * sizeof(float));
            WinogradConvolution.PackWeight(weight.Data, outputs, inputs, (float*)places.Pointer);
            return places;
        }

        HostStorage packed = AllocateForCollector(Convolution2D.PackedWeightLength(outputs, inputs, height, width, groups) * sizeof(float));
        Convolution2D.PackWeight(weight.Data, outputs, inputs, height, width, groups, (float*)packed.Pointer);
        return packed;
    }

    private HostStorage AllocateForCollector(long bytes)
    {
        var storage = new HostStorage(this, _pool, bytes);
        storage.HandToCollector();
        return storage;
    }
}

using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>The processor: a request brings its own way to the kernels.</summary>
internal sealed unsafe class CpuDevice : Device
{
    public override string Name => "cpu";

    internal override Storage Allocate(long bytes) => Storage.Allocate(bytes);

    internal override void Execute(IDeviceCall call) => call.OnCpu();

    internal override bool HasKernel(Type call) => true;

    internal override Storage? Pack(Tensor weight, int groups)
    {
        int outputs = weight.Shape[0], inputs = weight.Shape[1];
        (int height, int width) = weight.Rank == 4 ? (weight.Shape[2], weight.Shape[3]) : (1, 1);
        if (inputs == 1 && groups == outputs)
        {
            Storage tapsFirst = Storage.AllocateUnscoped(weight.ByteCount);
            DepthwiseConvolution.TapsFirst(weight.Data, outputs, height * width, (float*)tapsFirst.Pointer);
            return tapsFirst;
        }

        Storage packed = Storage.AllocateUnscoped(Convolution2D.PackedWeightLength(outputs, inputs, height, width, groups) * sizeof(float));
        Convolution2D.PackWeight(weight.Data, outputs, inputs, height, width, groups, (float*)packed.Pointer);
        return packed;
    }
}

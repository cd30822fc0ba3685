using PolaFormer.Cuda.Core;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Requests;

/// <summary>Where a request's kernels are started, and where its temporary tensors lie.</summary>
/// <param name="Queue">Takes the kernels.</param>
/// <param name="Device">Has the memory.</param>
/// <param name="IsMixed">Whether products round their operands to bfloat16.</param>
internal readonly record struct KernelContext(IKernelQueue Queue, Device Device, bool IsMixed = false)
{
    /// <summary>The step of captured work; nothing where requests are carried out.</summary>
    public CapturedStep Step { get; init; }

    /// <summary>A generator of random numbers as kernels take it.</summary>
    public GeneratorOnDevice Generator(Philox philox) => new(philox, Step);

    /// <summary>How fused attention takes floats.</summary>
    public StorageType Storage => IsMixed ? StorageType.Rounded : StorageType.Float;

    /// <summary>How kernels take operands and a result that have one type.</summary>
    public static StorageType StorageOf(Tensor y) => y.DType == DType.BFloat16 ? StorageType.BFloat16 : StorageType.Float;

    /// <summary>So many floats that last until the request has been carried out; 0 where none are wanted.</summary>
    public nint Workspace(long floats) => floats == 0 ? 0 : Device.Empty([checked((int)floats)]).Address;

    /// <summary>So many bfloat16 of the same kind.</summary>
    public nint HalfWorkspace(long count) => Workspace((count + 1) / 2);

    /// <summary>A tensor's elements in bfloat16: its own, or a copy of the same kind.</summary>
    public nint InHalf(Tensor x) => x.DType == DType.BFloat16 ? x.Address : InHalf(x.Address, x.Count);

    /// <summary>A copy of floats in bfloat16, of the same kind.</summary>
    public nint InHalf(nint floats, long count)
    {
        nint copy = HalfWorkspace(count);
        ElementwiseKernels.Convert(Queue, StorageType.Float, floats, copy, count);
        return copy;
    }
}

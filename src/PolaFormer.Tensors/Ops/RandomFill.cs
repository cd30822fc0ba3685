using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y[i] = scale·r(i) + offset, rounded once, where r(i) is number i of a <see cref="Philox"/> sequence, uniform in [0, 1) or standard
/// normal. The uniform number i is word i mod 4 of the block with the counter (i / 4, stream) under the key seed; normal numbers
/// 2·j and 2·j + 1 are Box and Muller's transform of the uniform ones. So a device gives the same numbers as the processor, normal ones
/// within rounding.
/// </summary>
internal readonly record struct RandomFill(Tensor Y, Philox Random, bool IsNormal, float Scale, float Offset) : IDeviceCall
{
    public string Name => IsNormal ? $"{nameof(RandomFill)} Normal" : $"{nameof(RandomFill)} Uniform";

    public void Describe(ref CallDescription call) => call.Writes(Y);

    public unsafe void OnCpu() => Kernels.RandomFill.Run(Random, IsNormal, Scale, Offset, Y.Data, Y.Count);
}

using System.Runtime.InteropServices;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Core;

/// <summary>A generator of random numbers as random.h has it: of a stream, or in captured work of one that follows from the step.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct GeneratorOnDevice
{
    private readonly ulong _seed, _stream, _offset;
    private readonly nint _step;

    /// <summary>A generator whose numbers follow from the step at an address in captured work, if they follow from one.</summary>
    public GeneratorOnDevice(Philox philox, CapturedStep captured = default)
    {
        (_seed, _stream) = (philox.Seed, philox.Stream);
        if (captured.Address == 0 || philox.Step is not { } step)
            return;
        (_stream, _offset, _step) = (philox.Stream ^ step, unchecked(step - captured.First), captured.Address);
    }

    /// <summary>The generator itself, whatever the step.</summary>
    public static implicit operator GeneratorOnDevice(Philox philox) => new(philox);
}

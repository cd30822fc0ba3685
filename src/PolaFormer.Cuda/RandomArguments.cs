using System.Runtime.InteropServices;

namespace PolaFormer.Cuda;

/// <summary>The argument of the kernels that write random numbers, as core.cu has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RandomArguments
{
    public nint Values;
    public long Count;
    public ulong Seed, Stream, Start;
    public float Scale, Offset;
}

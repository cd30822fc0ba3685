using System.Runtime.InteropServices;

namespace PolaFormer.Cuda;

/// <summary>The argument of the kernel that adds up partial results, as core.cu has it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SumArguments
{
    public nint Parts, Sums;
    public long Total;
    public int Length, Count;
}

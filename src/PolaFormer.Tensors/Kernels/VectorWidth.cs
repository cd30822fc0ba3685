using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>The vector width kernels choose, a constant to the JIT. Where neither holds, 128 bits (in software without intrinsics).</summary>
internal static class VectorWidth
{
    /// <summary>
    /// AVX-512 is used wherever it exists, also on processors for which .NET prefers 256 bits because early ones lowered their clock.
    /// </summary>
    public static bool Is512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated || Avx512DQ.IsSupported;
    }

    /// <summary>AVX2 with fused multiply-add.</summary>
    public static bool Is256
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.IsHardwareAccelerated;
    }
}

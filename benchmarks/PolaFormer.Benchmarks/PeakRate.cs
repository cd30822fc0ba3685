using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Benchmarks;

/// <summary>What one core's multiply-add units give just now: the yardstick on a machine that others use too.</summary>
internal static class PeakRate
{
    /// <summary>GFLOP/s of a short burst of multiply-adds in registers.</summary>
    public static double Measure()
    {
        const int steps = 20_000;
        long start = Stopwatch.GetTimestamp();
        if (Avx512Lanes.IsSupported)
            Burst<Avx512Lanes, Vector512<float>>(steps);
        else if (Avx2Lanes.IsSupported)
            Burst<Avx2Lanes, Vector256<float>>(steps);
        else
            Burst<Vector128Lanes, Vector128<float>>(steps);
        int width = Avx512Lanes.IsSupported ? 16 : Avx2Lanes.IsSupported ? 8 : 4;
        return 2.0 * 10 * width * steps / Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static TVector Burst<TLanes, TVector>(int steps)
        where TLanes : struct, IGemmLanes<TVector>
        where TVector : unmanaged
    {
        TVector factor = TLanes.Broadcast(0.999f), term = TLanes.Broadcast(0.001f);
        TVector s0 = term, s1 = term, s2 = term, s3 = term, s4 = term, s5 = term, s6 = term, s7 = term, s8 = term, s9 = term;
        for (int i = 0; i < steps; i++)
        {
            s0 = TLanes.MultiplyAdd(s0, factor, term);
            s1 = TLanes.MultiplyAdd(s1, factor, term);
            s2 = TLanes.MultiplyAdd(s2, factor, term);
            s3 = TLanes.MultiplyAdd(s3, factor, term);
            s4 = TLanes.MultiplyAdd(s4, factor, term);
            s5 = TLanes.MultiplyAdd(s5, factor, term);
            s6 = TLanes.MultiplyAdd(s6, factor, term);
            s7 = TLanes.MultiplyAdd(s7, factor, term);
            s8 = TLanes.MultiplyAdd(s8, factor, term);
            s9 = TLanes.MultiplyAdd(s9, factor, term);
        }
        s0 = TLanes.Add(TLanes.Add(TLanes.Add(s0, s1), TLanes.Add(s2, s3)), TLanes.Add(TLanes.Add(s4, s5), TLanes.Add(s6, s7)));
        return TLanes.Add(s0, TLanes.Add(s8, s9));
    }
}

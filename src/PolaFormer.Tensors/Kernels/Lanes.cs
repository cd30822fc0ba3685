using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Choice of width and loads of incomplete vectors.</summary>
internal static unsafe class Lanes
{
    /// <summary>The widest vector that divides <paramref name="width"/> evenly, or 4.</summary>
    public static int CountFor(int width) =>
        Vector512.IsHardwareAccelerated && width % 16 == 0 ? 16 :
        Vector256.IsHardwareAccelerated && width % 8 == 0 ? 8 : 4;

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Loads a vector of which only <paramref name="left"/> floats exist; the rest are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TVector, TLanes>(float* source, int left)
        where TVector : struct where TLanes : ILanes<TVector> =>
        left >= TLanes.Count ? TLanes.Load(source) : LoadPart<TVector, TLanes>(source, left);

    /// <summary>Stores the first <paramref name="left"/> floats of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TVector, TLanes>(TVector value, float* destination, int left)
        where TVector : struct where TLanes : ILanes<TVector>
    {
        if (left >= TLanes.Count) TLanes.Store(value, destination);
        else StorePart<TVector, TLanes>(value, destination, left);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector LoadPart<TVector, TLanes>(float* source, int left)
        where TVector : struct where TLanes : ILanes<TVector>
    {
        var whole = stackalloc float[16];
        for (var i = 0; i < left; i++) whole[i] = source[i];
        return TLanes.Load(whole);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart<TVector, TLanes>(TVector value, float* destination, int left)
        where TVector : struct where TLanes : ILanes<TVector>
    {
        var whole = stackalloc float[16];
        TLanes.Store(value, whole);
        for (var i = 0; i < left; i++) destination[i] = whole[i];
    }
}

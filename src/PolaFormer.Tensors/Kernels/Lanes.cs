using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>The vector width that suits the heads of an attention, and its incomplete vectors.</summary>
/// <remarks>
/// A head is cut by the width that <see cref="CountFor"/> gives it, so only vectors of four can be incomplete. Wider ones do
/// not test for it: the mere chance of a call makes the JIT keep a loop's vectors on the stack.
/// </remarks>
internal static unsafe class Lanes
{
    /// <summary>Floats of the widest vector that divides <paramref name="width"/> evenly, or 4.</summary>
    public static int CountFor(int width) =>
        VectorWidth.Is512 && width % 16 == 0 ? 16 :
        VectorWidth.Is256 && width % 8 == 0 ? 8 : 4;

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Loads a vector of which only <paramref name="left"/> floats exist; the rest are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Load<T>(float* source, int left) where T : unmanaged, IFloat32Vector<T> =>
        T.Count > 4 || left >= T.Count ? T.Load(source) : LoadPart<T>(source, left);

    /// <summary>Stores the first <paramref name="left"/> floats of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(T value, float* destination, int left) where T : unmanaged, IFloat32Vector<T>
    {
        if (T.Count > 4 || left >= T.Count)
            T.Store(value, destination);
        else
            StorePart(value, destination, left);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T LoadPart<T>(float* source, int left) where T : unmanaged, IFloat32Vector<T> => T.LoadPartial(source, left);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart<T>(T value, float* destination, int left) where T : unmanaged, IFloat32Vector<T> =>
        T.StorePartial(value, destination, left);
}

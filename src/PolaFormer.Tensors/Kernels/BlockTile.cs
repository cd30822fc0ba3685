using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// The innermost loop of <see cref="BlockProduct{T}"/>: up to TLanes.Rows rows of one or two vectors of C in registers. Its
/// operands are read in place, and the product is added to C where that is chosen.
/// </summary>
internal static unsafe class BlockTile<TLanes, TVector>
    where TLanes : struct, IGemmLanes<TVector>
    where TVector : unmanaged
{
    /// <summary>C (rows × two vectors, or one) = A·B over <paramref name="depth"/> products, plus C if <paramref name="accumulate"/>.</summary>
    public static void Run(
        int rows, int vectors, int depth, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
    {
        if (vectors == 2)
            Run<Two>(rows, depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
        else
            Run<One>(rows, depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
    }

    private static void Run<TVectors>(
        int rows, int depth, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
        where TVectors : struct, IConstant
    {
        switch (rows)
        {
            case 1: Compute<One, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 2: Compute<Two, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 3: Compute<Three, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 4: Compute<Four, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 5: Compute<Five, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 6: Compute<Six, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 7: Compute<Seven, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 8: Compute<Eight, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 9: Compute<Nine, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 10: Compute<Ten, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 11: Compute<Eleven, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 12: Compute<Twelve, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 13: Compute<Thirteen, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
            case 14: Compute<Fourteen, TVectors>(depth, a, aRow, aColumn, b, bRow, c, cRow, accumulate); break;
        }
    }

    // The conditions on the type parameters are constants to the compiler: each size of tile gets straight-line code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compute<TRows, TVectors>(
        int depth, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, bool accumulate)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
    {
        TVector c0 = default, d0 = default, c1 = default, d1 = default, c2 = default, d2 = default, c3 = default, d3 = default;
        TVector c4 = default, d4 = default, c5 = default, d5 = default, c6 = default, d6 = default, c7 = default, d7 = default;
        TVector c8 = default, d8 = default, c9 = default, d9 = default, c10 = default, d10 = default, c11 = default, d11 = default;
        TVector c12 = default, d12 = default, c13 = default, d13 = default;

        nint aRow2 = 2 * aRow;
        float* a0 = a, a3 = a0 + (3 * aRow), a6 = a3 + (3 * aRow), a9 = a6 + (3 * aRow), a12 = a9 + (3 * aRow);
        for (int l = depth; l > 0; l--)
        {
            TVector left = TLanes.Load(b), right = default;
            if (TVectors.Value == 2)
                right = TLanes.Load(b + TLanes.Width);
            b += bRow;
            Accumulate<TVectors>(ref c0, ref d0, a0, left, right);
            if (TRows.Value > 1)
                Accumulate<TVectors>(ref c1, ref d1, a0 + aRow, left, right);
            if (TRows.Value > 2)
                Accumulate<TVectors>(ref c2, ref d2, a0 + aRow2, left, right);
            if (TRows.Value > 3)
                Accumulate<TVectors>(ref c3, ref d3, a3, left, right);
            if (TRows.Value > 4)
                Accumulate<TVectors>(ref c4, ref d4, a3 + aRow, left, right);
            if (TRows.Value > 5)
                Accumulate<TVectors>(ref c5, ref d5, a3 + aRow2, left, right);
            if (TRows.Value > 6)
                Accumulate<TVectors>(ref c6, ref d6, a6, left, right);
            if (TRows.Value > 7)
                Accumulate<TVectors>(ref c7, ref d7, a6 + aRow, left, right);
            if (TRows.Value > 8)
                Accumulate<TVectors>(ref c8, ref d8, a6 + aRow2, left, right);
            if (TRows.Value > 9)
                Accumulate<TVectors>(ref c9, ref d9, a9, left, right);
            if (TRows.Value > 10)
                Accumulate<TVectors>(ref c10, ref d10, a9 + aRow, left, right);
            if (TRows.Value > 11)
                Accumulate<TVectors>(ref c11, ref d11, a9 + aRow2, left, right);
            if (TRows.Value > 12)
                Accumulate<TVectors>(ref c12, ref d12, a12, left, right);
            if (TRows.Value > 13)
                Accumulate<TVectors>(ref c13, ref d13, a12 + aRow, left, right);
            a0 += aColumn;
            if (TRows.Value > 3)
                a3 += aColumn;
            if (TRows.Value > 6)
                a6 += aColumn;
            if (TRows.Value > 9)
                a9 += aColumn;
            if (TRows.Value > 12)
                a12 += aColumn;
        }

        Put<TVectors>(c, accumulate, c0, d0);
        if (TRows.Value > 1)
            Put<TVectors>(c + cRow, accumulate, c1, d1);
        if (TRows.Value > 2)
            Put<TVectors>(c + (2 * cRow), accumulate, c2, d2);
        if (TRows.Value > 3)
            Put<TVectors>(c + (3 * cRow), accumulate, c3, d3);
        if (TRows.Value > 4)
            Put<TVectors>(c + (4 * cRow), accumulate, c4, d4);
        if (TRows.Value > 5)
            Put<TVectors>(c + (5 * cRow), accumulate, c5, d5);
        if (TRows.Value > 6)
            Put<TVectors>(c + (6 * cRow), accumulate, c6, d6);
        if (TRows.Value > 7)
            Put<TVectors>(c + (7 * cRow), accumulate, c7, d7);
        if (TRows.Value > 8)
            Put<TVectors>(c + (8 * cRow), accumulate, c8, d8);
        if (TRows.Value > 9)
            Put<TVectors>(c + (9 * cRow), accumulate, c9, d9);
        if (TRows.Value > 10)
            Put<TVectors>(c + (10 * cRow), accumulate, c10, d10);
        if (TRows.Value > 11)
            Put<TVectors>(c + (11 * cRow), accumulate, c11, d11);
        if (TRows.Value > 12)
            Put<TVectors>(c + (12 * cRow), accumulate, c12, d12);
        if (TRows.Value > 13)
            Put<TVectors>(c + (13 * cRow), accumulate, c13, d13);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<TVectors>(ref TVector c, ref TVector d, float* a, TVector left, TVector right)
        where TVectors : struct, IConstant
    {
        TVector factor = TLanes.LoadBroadcast(a);
        c = TLanes.MultiplyAdd(factor, left, c);
        if (TVectors.Value == 2)
            d = TLanes.MultiplyAdd(factor, right, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TVectors>(float* target, bool accumulate, TVector c, TVector d) where TVectors : struct, IConstant
    {
        TLanes.Store(target, accumulate ? TLanes.Add(TLanes.Load(target), c) : c);
        if (TVectors.Value < 2)
            return;
        target += TLanes.Width;
        TLanes.Store(target, accumulate ? TLanes.Add(TLanes.Load(target), d) : d);
    }

    /// <summary>A number as a type, so that code is compiled once for each.</summary>
    private interface IConstant
    {
        static abstract int Value { get; }
    }

    private readonly struct One : IConstant { public static int Value => 1; }
    private readonly struct Two : IConstant { public static int Value => 2; }
    private readonly struct Three : IConstant { public static int Value => 3; }
    private readonly struct Four : IConstant { public static int Value => 4; }
    private readonly struct Five : IConstant { public static int Value => 5; }
    private readonly struct Six : IConstant { public static int Value => 6; }
    private readonly struct Seven : IConstant { public static int Value => 7; }
    private readonly struct Eight : IConstant { public static int Value => 8; }
    private readonly struct Nine : IConstant { public static int Value => 9; }
    private readonly struct Ten : IConstant { public static int Value => 10; }
    private readonly struct Eleven : IConstant { public static int Value => 11; }
    private readonly struct Twelve : IConstant { public static int Value => 12; }
    private readonly struct Thirteen : IConstant { public static int Value => 13; }
    private readonly struct Fourteen : IConstant { public static int Value => 14; }
}

using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// One register tile of C: Rows × Columns sums over K, then C = Alpha·sum + Beta·C (+ Bias). B holds K rows of at least
/// as many readable floats as the vectors that <see cref="Columns"/> needs.
/// </summary>
internal unsafe struct GemmTile
{
    public int K, Columns;
    public float* A;
    public nint ARow, ACol;
    public float* B;
    public nint BRow;
    public float* C;
    public nint CRow;
    public float Alpha, Beta;
    public float* Bias;

    /// <summary>Room for the sums of a whole tile.</summary>
    public float* Sums;

    /// <summary>Whether the sums are what goes to C.</summary>
    public readonly bool IsPlain => Alpha == 1 && Beta == 0 && Bias == null;
}

/// <summary>
/// The innermost loop of the matrix product. Every element of C is one chain of multiply-adds in the order of k, whatever
/// the height and width of its tile: that is what makes results independent of how the work is cut.
/// </summary>
internal static unsafe class GemmMicrokernel<TLanes, TVector>
    where TLanes : struct, IGemmLanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Computes a tile of <paramref name="rows"/> (1 … TLanes.Rows) rows.</summary>
    public static void Run(int rows, in GemmTile tile)
    {
        if (tile.Columns > TLanes.Width) Run<Two>(rows, tile);
        else Run<One>(rows, tile);
    }

    private static void Run<TVectors>(int rows, in GemmTile tile) where TVectors : struct, IConstant
    {
        switch (rows)
        {
            case 1: Compute<One, TVectors>(tile); break;
            case 2: Compute<Two, TVectors>(tile); break;
            case 3: Compute<Three, TVectors>(tile); break;
            case 4: Compute<Four, TVectors>(tile); break;
            case 5: Compute<Five, TVectors>(tile); break;
            case 6: Compute<Six, TVectors>(tile); break;
            case 7: Compute<Seven, TVectors>(tile); break;
            case 8: Compute<Eight, TVectors>(tile); break;
            case 9: Compute<Nine, TVectors>(tile); break;
            case 10: Compute<Ten, TVectors>(tile); break;
            case 11: Compute<Eleven, TVectors>(tile); break;
            case 12: Compute<Twelve, TVectors>(tile); break;
        }
    }

    // The conditions on TRows and TVectors are constants to the compiler: each tile shape gets straight-line code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compute<TRows, TVectors>(in GemmTile tile)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
    {
        TVector c0 = default, d0 = default;
        TVector c1 = default, d1 = default;
        TVector c2 = default, d2 = default;
        TVector c3 = default, d3 = default;
        TVector c4 = default, d4 = default;
        TVector c5 = default, d5 = default;
        TVector c6 = default, d6 = default;
        TVector c7 = default, d7 = default;
        TVector c8 = default, d8 = default;
        TVector c9 = default, d9 = default;
        TVector c10 = default, d10 = default;
        TVector c11 = default, d11 = default;

        var (aRow, aRow2, aCol, bRow) = (tile.ARow, 2 * tile.ARow, tile.ACol, tile.BRow);
        var b = tile.B;
        var a0 = tile.A;
        var a3 = a0 + 3 * aRow;
        var a6 = a3 + 3 * aRow;
        var a9 = a6 + 3 * aRow;
        for (var end = b + tile.K * bRow; b != end; b += bRow)
        {
            var left = TLanes.Load(b);
            var right = TVectors.Value == 2 ? TLanes.Load(b + TLanes.Width) : default;
            Accumulate<TVectors>(ref c0, ref d0, *a0, left, right);
            if (TRows.Value > 1) Accumulate<TVectors>(ref c1, ref d1, a0[aRow], left, right);
            if (TRows.Value > 2) Accumulate<TVectors>(ref c2, ref d2, a0[aRow2], left, right);
            if (TRows.Value > 3) Accumulate<TVectors>(ref c3, ref d3, *a3, left, right);
            if (TRows.Value > 4) Accumulate<TVectors>(ref c4, ref d4, a3[aRow], left, right);
            if (TRows.Value > 5) Accumulate<TVectors>(ref c5, ref d5, a3[aRow2], left, right);
            if (TRows.Value > 6) Accumulate<TVectors>(ref c6, ref d6, *a6, left, right);
            if (TRows.Value > 7) Accumulate<TVectors>(ref c7, ref d7, a6[aRow], left, right);
            if (TRows.Value > 8) Accumulate<TVectors>(ref c8, ref d8, a6[aRow2], left, right);
            if (TRows.Value > 9) Accumulate<TVectors>(ref c9, ref d9, *a9, left, right);
            if (TRows.Value > 10) Accumulate<TVectors>(ref c10, ref d10, a9[aRow], left, right);
            if (TRows.Value > 11) Accumulate<TVectors>(ref c11, ref d11, a9[aRow2], left, right);
            a0 += aCol;
            if (TRows.Value > 3) a3 += aCol;
            if (TRows.Value > 6) a6 += aCol;
            if (TRows.Value > 9) a9 += aCol;
        }

        var plain = tile.IsPlain && tile.Columns == TVectors.Value * TLanes.Width;
        var c = plain ? tile.C : tile.Sums;
        var cRow = plain ? tile.CRow : 2 * TLanes.Width;
        Store<TVectors>(c, c0, d0);
        if (TRows.Value > 1) Store<TVectors>(c + cRow, c1, d1);
        if (TRows.Value > 2) Store<TVectors>(c + 2 * cRow, c2, d2);
        if (TRows.Value > 3) Store<TVectors>(c + 3 * cRow, c3, d3);
        if (TRows.Value > 4) Store<TVectors>(c + 4 * cRow, c4, d4);
        if (TRows.Value > 5) Store<TVectors>(c + 5 * cRow, c5, d5);
        if (TRows.Value > 6) Store<TVectors>(c + 6 * cRow, c6, d6);
        if (TRows.Value > 7) Store<TVectors>(c + 7 * cRow, c7, d7);
        if (TRows.Value > 8) Store<TVectors>(c + 8 * cRow, c8, d8);
        if (TRows.Value > 9) Store<TVectors>(c + 9 * cRow, c9, d9);
        if (TRows.Value > 10) Store<TVectors>(c + 10 * cRow, c10, d10);
        if (TRows.Value > 11) Store<TVectors>(c + 11 * cRow, c11, d11);
        if (!plain) Finish(tile, TRows.Value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<TVectors>(ref TVector c, ref TVector d, float a, TVector left, TVector right)
        where TVectors : struct, IConstant
    {
        var factor = TLanes.Broadcast(a);
        c = TLanes.MultiplyAdd(factor, left, c);
        if (TVectors.Value == 2) d = TLanes.MultiplyAdd(factor, right, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVectors>(float* target, TVector c, TVector d) where TVectors : struct, IConstant
    {
        TLanes.Store(target, c);
        if (TVectors.Value == 2) TLanes.Store(target + TLanes.Width, d);
    }

    /// <summary>From the sums of a tile to C: Alpha, Beta, Bias, and a last vector that may be partly outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish(in GemmTile tile, int rows)
    {
        var sums = tile.Sums;
        var c = tile.C;
        var bias = tile.Bias;
        var (cRow, columns) = (tile.CRow, tile.Columns);
        var alpha = TLanes.Broadcast(tile.Alpha);
        var beta = TLanes.Broadcast(tile.Beta);
        var (readsC, addsBias) = (tile.Beta != 0, bias != null);
        for (var i = 0; i < rows; i++, c += cRow, sums += 2 * TLanes.Width)
            for (var j = 0; j < columns; j += TLanes.Width)
            {
                var sum = TLanes.Multiply(TLanes.Load(sums + j), alpha);
                var count = columns - j;
                if (count >= TLanes.Width)
                {
                    if (readsC) sum = TLanes.MultiplyAdd(beta, TLanes.Load(c + j), sum);
                    if (addsBias) sum = TLanes.Add(sum, TLanes.Load(bias + j));
                    TLanes.Store(c + j, sum);
                }
                else
                {
                    if (readsC) sum = TLanes.MultiplyAdd(beta, TLanes.LoadFirst(c + j, count), sum);
                    if (addsBias) sum = TLanes.Add(sum, TLanes.LoadFirst(bias + j, count));
                    TLanes.StoreFirst(c + j, sum, count);
                }
            }
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
}

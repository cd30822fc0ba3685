using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>One register tile of C: Alpha·(A·B) + Bias + Addend over Segments·K products, K even.</summary>
internal unsafe struct GemmTile
{
    public int K, Columns;

    /// <summary>K is the length of one of so many segments; behind each, A goes on so many floats further on.</summary>
    public int Segments;
    public nint SegmentJump;

    /// <summary>Rows <see cref="ARow"/> apart; in a packed tile the rows' elements lie side by side, k after k.</summary>
    public float* A;
    public nint ARow;
    public bool IsPacked;

    /// <summary>K rows of at least as many readable floats as the vectors that <see cref="Columns"/> needs.</summary>
    public float* B;
    public nint BRow;
    public float* C;
    public nint CRow;
    public float Alpha;

    /// <summary>Null, or what is added to every row.</summary>
    public float* Bias;

    /// <summary>Null, or what is added element by element; laid out as C.</summary>
    public float* Addend;

    /// <summary>Room for the sums of a whole tile.</summary>
    public float* Sums;

    /// <summary>Whether bias and addend are what the sums start from; the tile is then as wide as its vectors.</summary>
    public bool StartsFromBias, StartsFromAddend;
}

/// <summary>
/// The innermost loop of the matrix product. Every element of C is one chain of multiply-adds in the order of k, whatever
/// the height and width of its tile: that is what makes results independent of how the work is cut.
/// </summary>
internal static unsafe class GemmMicrokernel<TLanes, TVector>
    where TLanes : struct, IGemmLanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Rows of B, and so 2·TLanes.Width floats each, by which the cache prefetches.</summary>
    private const int Ahead = 24;

    /// <summary>Computes a tile of <paramref name="rows"/> (1 … TLanes.Rows) rows.</summary>
    public static void Run(int rows, in GemmTile tile)
    {
        if (tile.Columns > TLanes.Width)
        {
            if (tile.IsPacked)
                Run<Two, One>(rows, tile);
            else
                Run<Two, Zero>(rows, tile);
        }
        else
        {
            if (tile.IsPacked)
                Run<One, One>(rows, tile);
            else
                Run<One, Zero>(rows, tile);
        }
    }

    private static void Run<TVectors, TPacked>(int rows, in GemmTile tile)
        where TVectors : struct, IConstant
        where TPacked : struct, IConstant
    {
        switch (rows)
        {
            case 1: Compute<One, TVectors, TPacked>(tile); break;
            case 2: Compute<Two, TVectors, TPacked>(tile); break;
            case 3: Compute<Three, TVectors, TPacked>(tile); break;
            case 4: Compute<Four, TVectors, TPacked>(tile); break;
            case 5: Compute<Five, TVectors, TPacked>(tile); break;
            case 6: Compute<Six, TVectors, TPacked>(tile); break;
            case 7: Compute<Seven, TVectors, TPacked>(tile); break;
            case 8: Compute<Eight, TVectors, TPacked>(tile); break;
            case 9: Compute<Nine, TVectors, TPacked>(tile); break;
            case 10: Compute<Ten, TVectors, TPacked>(tile); break;
            case 11: Compute<Eleven, TVectors, TPacked>(tile); break;
            case 12: Compute<Twelve, TVectors, TPacked>(tile); break;
            case 13: Compute<Thirteen, TVectors, TPacked>(tile); break;
            case 14: Compute<Fourteen, TVectors, TPacked>(tile); break;
        }
    }

    // The conditions on the type parameters are constants to the compiler: each kind of tile gets straight-line code.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compute<TRows, TVectors, TPacked>(in GemmTile tile)
        where TRows : struct, IConstant
        where TVectors : struct, IConstant
        where TPacked : struct, IConstant
    {
        TVector left = default, right = default;
        if (tile.StartsFromBias)
        {
            left = TLanes.Load(tile.Bias);
            if (TVectors.Value == 2)
                right = TLanes.Load(tile.Bias + TLanes.Width);
        }
        TVector c0 = left, d0 = right;
        TVector c1 = left, d1 = right;
        TVector c2 = left, d2 = right;
        TVector c3 = left, d3 = right;
        TVector c4 = left, d4 = right;
        TVector c5 = left, d5 = right;
        TVector c6 = left, d6 = right;
        TVector c7 = left, d7 = right;
        TVector c8 = left, d8 = right;
        TVector c9 = left, d9 = right;
        TVector c10 = left, d10 = right;
        TVector c11 = left, d11 = right;
        TVector c12 = left, d12 = right;
        TVector c13 = left, d13 = right;

        if (tile.StartsFromAddend)
        {
            Start<TVectors>(ref c0, ref d0, tile.Addend);
            if (TRows.Value > 1)
                Start<TVectors>(ref c1, ref d1, tile.Addend + tile.CRow);
            if (TRows.Value > 2)
                Start<TVectors>(ref c2, ref d2, tile.Addend + (2 * tile.CRow));
            if (TRows.Value > 3)
                Start<TVectors>(ref c3, ref d3, tile.Addend + (3 * tile.CRow));
            if (TRows.Value > 4)
                Start<TVectors>(ref c4, ref d4, tile.Addend + (4 * tile.CRow));
            if (TRows.Value > 5)
                Start<TVectors>(ref c5, ref d5, tile.Addend + (5 * tile.CRow));
            if (TRows.Value > 6)
                Start<TVectors>(ref c6, ref d6, tile.Addend + (6 * tile.CRow));
            if (TRows.Value > 7)
                Start<TVectors>(ref c7, ref d7, tile.Addend + (7 * tile.CRow));
            if (TRows.Value > 8)
                Start<TVectors>(ref c8, ref d8, tile.Addend + (8 * tile.CRow));
            if (TRows.Value > 9)
                Start<TVectors>(ref c9, ref d9, tile.Addend + (9 * tile.CRow));
            if (TRows.Value > 10)
                Start<TVectors>(ref c10, ref d10, tile.Addend + (10 * tile.CRow));
            if (TRows.Value > 11)
                Start<TVectors>(ref c11, ref d11, tile.Addend + (11 * tile.CRow));
            if (TRows.Value > 12)
                Start<TVectors>(ref c12, ref d12, tile.Addend + (12 * tile.CRow));
            if (TRows.Value > 13)
                Start<TVectors>(ref c13, ref d13, tile.Addend + (13 * tile.CRow));
        }

        nint row = TPacked.Value == 1 ? 1 : tile.ARow;
        nint row2 = 2 * row;
        nint bRow = tile.BRow;
        int step = TPacked.Value == 1 ? TRows.Value : 1;   // from one k to the next
        float* b = tile.B;
        float* a0 = tile.A;
        float* a3 = a0 + (3 * row);
        float* a6 = a3 + (3 * row);
        float* a9 = a6 + (3 * row);
        float* a12 = a9 + (3 * row);
        for (int segment = tile.Segments; segment > 0; segment--)
        {
            for (int pair = tile.K >> 1; pair > 0; pair--)
            {
                left = TLanes.Load(b);
                if (TVectors.Value == 2)
                    right = TLanes.Load(b + TLanes.Width);
                Prefetch(b + (Ahead * bRow));
                Accumulate<TVectors>(ref c0, ref d0, a0, left, right);
                if (TRows.Value > 1)
                    Accumulate<TVectors>(ref c1, ref d1, a0 + row, left, right);
                if (TRows.Value > 2)
                    Accumulate<TVectors>(ref c2, ref d2, a0 + row2, left, right);
                if (TRows.Value > 3)
                    Accumulate<TVectors>(ref c3, ref d3, a3, left, right);
                if (TRows.Value > 4)
                    Accumulate<TVectors>(ref c4, ref d4, a3 + row, left, right);
                if (TRows.Value > 5)
                    Accumulate<TVectors>(ref c5, ref d5, a3 + row2, left, right);
                if (TRows.Value > 6)
                    Accumulate<TVectors>(ref c6, ref d6, a6, left, right);
                if (TRows.Value > 7)
                    Accumulate<TVectors>(ref c7, ref d7, a6 + row, left, right);
                if (TRows.Value > 8)
                    Accumulate<TVectors>(ref c8, ref d8, a6 + row2, left, right);
                if (TRows.Value > 9)
                    Accumulate<TVectors>(ref c9, ref d9, a9, left, right);
                if (TRows.Value > 10)
                    Accumulate<TVectors>(ref c10, ref d10, a9 + row, left, right);
                if (TRows.Value > 11)
                    Accumulate<TVectors>(ref c11, ref d11, a9 + row2, left, right);
                if (TRows.Value > 12)
                    Accumulate<TVectors>(ref c12, ref d12, a12, left, right);
                if (TRows.Value > 13)
                    Accumulate<TVectors>(ref c13, ref d13, a12 + row, left, right);

                b += bRow;
                left = TLanes.Load(b);
                if (TVectors.Value == 2)
                    right = TLanes.Load(b + TLanes.Width);
                Prefetch(b + (Ahead * bRow));
                Accumulate<TVectors>(ref c0, ref d0, a0 + step, left, right);
                if (TRows.Value > 1)
                    Accumulate<TVectors>(ref c1, ref d1, a0 + row + step, left, right);
                if (TRows.Value > 2)
                    Accumulate<TVectors>(ref c2, ref d2, a0 + row2 + step, left, right);
                if (TRows.Value > 3)
                    Accumulate<TVectors>(ref c3, ref d3, a3 + step, left, right);
                if (TRows.Value > 4)
                    Accumulate<TVectors>(ref c4, ref d4, a3 + row + step, left, right);
                if (TRows.Value > 5)
                    Accumulate<TVectors>(ref c5, ref d5, a3 + row2 + step, left, right);
                if (TRows.Value > 6)
                    Accumulate<TVectors>(ref c6, ref d6, a6 + step, left, right);
                if (TRows.Value > 7)
                    Accumulate<TVectors>(ref c7, ref d7, a6 + row + step, left, right);
                if (TRows.Value > 8)
                    Accumulate<TVectors>(ref c8, ref d8, a6 + row2 + step, left, right);
                if (TRows.Value > 9)
                    Accumulate<TVectors>(ref c9, ref d9, a9 + step, left, right);
                if (TRows.Value > 10)
                    Accumulate<TVectors>(ref c10, ref d10, a9 + row + step, left, right);
                if (TRows.Value > 11)
                    Accumulate<TVectors>(ref c11, ref d11, a9 + row2 + step, left, right);
                if (TRows.Value > 12)
                    Accumulate<TVectors>(ref c12, ref d12, a12 + step, left, right);
                if (TRows.Value > 13)
                    Accumulate<TVectors>(ref c13, ref d13, a12 + row + step, left, right);

                b += bRow;
                a0 += 2 * step;
                if (TRows.Value > 3)
                    a3 += 2 * step;
                if (TRows.Value > 6)
                    a6 += 2 * step;
                if (TRows.Value > 9)
                    a9 += 2 * step;
                if (TRows.Value > 12)
                    a12 += 2 * step;
            }
            a0 += tile.SegmentJump;
            if (TRows.Value > 3)
                a3 += tile.SegmentJump;
            if (TRows.Value > 6)
                a6 += tile.SegmentJump;
            if (TRows.Value > 9)
                a9 += tile.SegmentJump;
            if (TRows.Value > 12)
                a12 += tile.SegmentJump;
        }

        // What is more than a sum goes by way of Sums.
        bool plain = tile.Alpha == 1 && (tile.Addend == null || tile.StartsFromAddend) && tile.Columns == TVectors.Value * TLanes.Width;
        float* c = plain ? tile.C : tile.Sums;
        nint cRow = plain ? tile.CRow : 2 * TLanes.Width;
        Store<TVectors>(c, c0, d0);
        if (TRows.Value > 1)
            Store<TVectors>(c + cRow, c1, d1);
        if (TRows.Value > 2)
            Store<TVectors>(c + (2 * cRow), c2, d2);
        if (TRows.Value > 3)
            Store<TVectors>(c + (3 * cRow), c3, d3);
        if (TRows.Value > 4)
            Store<TVectors>(c + (4 * cRow), c4, d4);
        if (TRows.Value > 5)
            Store<TVectors>(c + (5 * cRow), c5, d5);
        if (TRows.Value > 6)
            Store<TVectors>(c + (6 * cRow), c6, d6);
        if (TRows.Value > 7)
            Store<TVectors>(c + (7 * cRow), c7, d7);
        if (TRows.Value > 8)
            Store<TVectors>(c + (8 * cRow), c8, d8);
        if (TRows.Value > 9)
            Store<TVectors>(c + (9 * cRow), c9, d9);
        if (TRows.Value > 10)
            Store<TVectors>(c + (10 * cRow), c10, d10);
        if (TRows.Value > 11)
            Store<TVectors>(c + (11 * cRow), c11, d11);
        if (TRows.Value > 12)
            Store<TVectors>(c + (12 * cRow), c12, d12);
        if (TRows.Value > 13)
            Store<TVectors>(c + (13 * cRow), c13, d13);
        if (!plain)
            Finish(tile, TRows.Value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Prefetch(float* address)
        {
            if (!Sse.IsSupported)
                return;
            Sse.Prefetch0(address);
            if (TVectors.Value * TLanes.Width > 16)
                Sse.Prefetch0(address + 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate<TVectors>(ref TVector c, ref TVector d, float* a, TVector left, TVector right) where TVectors : struct, IConstant
    {
        TVector factor = TLanes.LoadBroadcast(a);
        c = TLanes.MultiplyAdd(factor, left, c);
        if (TVectors.Value == 2)
            d = TLanes.MultiplyAdd(factor, right, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start<TVectors>(ref TVector c, ref TVector d, float* addend) where TVectors : struct, IConstant
    {
        c = TLanes.Add(c, TLanes.Load(addend));
        if (TVectors.Value == 2)
            d = TLanes.Add(d, TLanes.Load(addend + TLanes.Width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVectors>(float* target, TVector c, TVector d) where TVectors : struct, IConstant
    {
        TLanes.Store(target, c);
        if (TVectors.Value == 2)
            TLanes.Store(target + TLanes.Width, d);
    }

    /// <summary>From the sums of a tile to C: Alpha, Bias, Addend, and a last vector that may lie partly outside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish(in GemmTile tile, int rows)
    {
        TVector alpha = TLanes.Broadcast(tile.Alpha);
        float* bias = tile.StartsFromBias ? null : tile.Bias;
        float* sums = tile.Sums;
        float* c = tile.C;
        float* addend = tile.Addend;
        for (int row = 0; row < rows; row++, c += tile.CRow, addend += addend == null ? 0 : tile.CRow, sums += 2 * TLanes.Width)
            for (int j = 0; j < tile.Columns; j += TLanes.Width)
            {
                TVector sum = TLanes.Multiply(TLanes.Load(sums + j), alpha);
                int count = tile.Columns - j;
                if (count >= TLanes.Width)
                {
                    if (bias != null)
                        sum = TLanes.Add(sum, TLanes.Load(bias + j));
                    if (addend != null)
                        sum = TLanes.Add(sum, TLanes.Load(addend + j));
                    TLanes.Store(c + j, sum);
                }
                else
                {
                    if (bias != null)
                        sum = TLanes.Add(sum, TLanes.LoadFirst(bias + j, count));
                    if (addend != null)
                        sum = TLanes.Add(sum, TLanes.LoadFirst(addend + j, count));
                    TLanes.StoreFirst(c + j, sum, count);
                }
            }
    }

    /// <summary>A number as a type, so that code is compiled once for each.</summary>
    private interface IConstant
    {
        static abstract int Value { get; }
    }

    private readonly struct Zero : IConstant { public static int Value => 0; }
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

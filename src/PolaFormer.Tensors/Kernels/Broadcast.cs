using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Arithmetic of two contiguous arrays whose shapes broadcast as NumPy's do: aligned at the last dimension, extents of 1 stretch.</summary>
internal static unsafe partial class Broadcast
{
    /// <summary>
    /// y = f(a, b). <paramref name="y"/> may be an operand that has the output's shape (in place), but may not overlap them otherwise.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="yShape"/> is not what the operands broadcast to.</exception>
    public static void Binary(BinaryFunction function, float* a, Shape aShape, float* b, Shape bShape, float* y, Shape yShape)
    {
        if (Shape.Broadcast(aShape, bShape) != yShape)
            throw new ArgumentException($"Shapes {aShape} and {bShape} broadcast to {Shape.Broadcast(aShape, bShape)}, not to {yShape}.", nameof(yShape));
        switch (function)
        {
            case BinaryFunction.Add: Run<Add>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.Subtract: Run<Subtract>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.Multiply: Run<Multiply>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.Divide: Run<Divide>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.Maximum: Run<Maximum>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.Minimum: Run<Minimum>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.Pow: Run<Pow>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.PowGradientBase: Run<PowGradientBase>(a, aShape, b, bShape, y, yShape); break;
            case BinaryFunction.PowGradientExponent: Run<PowGradientExponent>(a, aShape, b, bShape, y, yShape); break;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, "Unknown function.");
        }
    }

    /// <summary>
    /// Gradients of y = a^b before they are summed to the operands' shapes: da = dy·b·a^(b−1), db = dy·a^b·ln a,
    /// both of the output's shape; either may be null. At a = 0 both are exactly 0 for b > 1 (see <see cref="BinaryFunction"/>).
    /// </summary>
    public static void PowBackward(float* a, Shape aShape, float* b, Shape bShape, float* dy, Shape yShape, float* da, float* db)
    {
        if (da != null)
        {
            Binary(BinaryFunction.PowGradientBase, a, aShape, b, bShape, da, yShape);
            Binary(BinaryFunction.Multiply, da, yShape, dy, yShape, da, yShape);
        }

        if (db != null)
        {
            Binary(BinaryFunction.PowGradientExponent, a, aShape, b, bShape, db, yShape);
            Binary(BinaryFunction.Multiply, db, yShape, dy, yShape, db, yShape);
        }
    }

    private static void Run<TOperator>(float* a, Shape aShape, float* b, Shape bShape, float* y, Shape yShape) where TOperator : struct, IBinaryOperator
    {
        var body = new Body<TOperator> { A = a, B = b, Y = y, Count = yShape.Count };
        if (body.Count == 0)
            return;
        body.Coalesce(aShape, bShape, yShape);
        body.Parts = Workers.PartsFor(body.Count, Elementwise.Grain);
        Workers.Run(body.Parts, body);
    }

    /// <summary>
    /// Rows of the merged innermost dimension, in the output's order. After merging an operand either moves along the row
    /// (stride 1) or stays (stride 0): same shapes become one row, a bias rows against one vector, a scalar one row that stays.
    /// </summary>
    private struct Body<TOperator> : IParallelBody where TOperator : struct, IBinaryOperator
    {
        public float* A, B, Y;
        public long Count;
        public int Parts;
        private int _rank;
        private fixed long _extents[Shape.MaxRank];
        private fixed long _aStrides[Shape.MaxRank], _bStrides[Shape.MaxRank];

        /// <summary>Merges neighbouring dimensions in which both operands move, or both stay.</summary>
        public void Coalesce(Shape aShape, Shape bShape, Shape yShape)
        {
            long aStride = 1, bStride = 1;
            // Innermost first; dimension 0 of the merged form is the row.
            for (int i = 1; i <= yShape.Rank; i++)
            {
                int extent = yShape[-i];
                if (extent == 1)
                    continue;
                bool aMoves = i <= aShape.Rank && aShape[-i] != 1, bMoves = i <= bShape.Rank && bShape[-i] != 1;
                long aStep = aMoves ? aStride : 0, bStep = bMoves ? bStride : 0;
                if (aMoves)
                    aStride *= extent;
                if (bMoves)
                    bStride *= extent;
                int last = _rank - 1;
                if (_rank > 0 && aStep == _aStrides[last] * _extents[last] && bStep == _bStrides[last] * _extents[last])
                {
                    _extents[last] *= extent;
                    continue;
                }

                (_extents[_rank], _aStrides[_rank], _bStrides[_rank]) = (extent, aStep, bStep);
                _rank++;
            }

            if (_rank == 0)
                (_extents[0], _aStrides[0], _bStrides[0], _rank) = (1, 1, 1, 1);
        }

        public readonly void Run(int part)
        {
            long from = Count * part / Parts, to = Count * (part + 1) / Parts;
            if (VectorWidth.Is512)
                Walk<Float32x16>(from, to);
            else if (VectorWidth.Is256)
                Walk<Float32x8>(from, to);
            else
                Walk<Float32x4>(from, to);
        }

        private readonly void Walk<T>(long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            long* index = stackalloc long[Shape.MaxRank];
            long rest = from;
            float* a = A, b = B;
            for (int i = 0; i < _rank; i++)
            {
                (rest, index[i]) = Math.DivRem(rest, _extents[i]);
                a += index[i] * _aStrides[i];
                b += index[i] * _bStrides[i];
            }

            long column = index[0], row = _extents[0];
            bool aMoves = _aStrides[0] != 0, bMoves = _bStrides[0] != 0;
            while (from < to)
            {
                long count = Math.Min(row - column, to - from);
                if (aMoves && bMoves)
                    Row<T, Moves, Moves>(a, b, Y + from, count);
                else if (aMoves)
                    Row<T, Moves, Stays>(a, b, Y + from, count);
                else
                    Row<T, Stays, Moves>(a, b, Y + from, count);

                from += count;
                a -= column * _aStrides[0];
                b -= column * _bStrides[0];
                column = 0;
                for (int i = 1; i < _rank; i++)
                {
                    a += _aStrides[i];
                    b += _bStrides[i];
                    if (++index[i] < _extents[i])
                        break;
                    a -= index[i] * _aStrides[i];
                    b -= index[i] * _bStrides[i];
                    index[i] = 0;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Row<T, TA, TB>(float* a, float* b, float* y, long count)
            where T : unmanaged, IFloat32Vector<T> where TA : struct, IStep where TB : struct, IStep
        {
            T aAll = TA.Moves ? T.Zero : T.Create(*a), bAll = TB.Moves ? T.Zero : T.Create(*b);
            long i = 0;
            for (; i <= count - T.Count; i += T.Count)
                T.Store(TOperator.Invoke(TA.Moves ? T.Load(a + i) : aAll, TB.Moves ? T.Load(b + i) : bAll), y + i);
            if (i < count)
            {
                int rest = (int)(count - i);
                T.StorePartial(TOperator.Invoke(TA.Moves ? T.LoadPartial(a + i, rest) : aAll, TB.Moves ? T.LoadPartial(b + i, rest) : bAll), y + i, rest);
            }
        }
    }

    private interface IStep
    {
        static abstract bool Moves { get; }
    }

    private readonly struct Moves : IStep
    {
        static bool IStep.Moves => true;
    }

    private readonly struct Stays : IStep
    {
        static bool IStep.Moves => false;
    }
}

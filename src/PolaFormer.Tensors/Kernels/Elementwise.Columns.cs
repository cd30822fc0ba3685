using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

// Maps over rows of which one operand is a run of a wider array's columns.
internal static unsafe partial class Elementwise
{
    /// <summary>y += x for x (rows, width), rows of y <paramref name="yRow"/> floats apart.</summary>
    public static void AddToColumns(float* x, long rows, int width, float* y, nint yRow)
    {
        int parts = (int)Math.Min(Math.Max(rows, 1), Workers.PartsFor(rows * width, Grain));
        Workers.Run(parts, new AddToColumnsBody { X = x, Y = y, YRow = yRow, Rows = rows, Width = width, Parts = parts });
    }

    /// <summary>
    /// The gradients of y = sum·gate, all arrays (rows, width): dSum = dy·gate, dGate = dy·sum. Rows of the gate and of its
    /// gradient lie so many floats apart. <paramref name="dSum"/> may be <paramref name="dy"/>.
    /// </summary>
    public static void GateBackward(float* dy, float* sum, float* gate, nint gateRow, float* dSum, float* dGate, nint dGateRow, long rows, int width)
    {
        int parts = (int)Math.Min(Math.Max(rows, 1), Workers.PartsFor(rows * width, Grain));
        Workers.Run(parts, new GateBackwardBody
        {
            Dy = dy,
            Sum = sum,
            Gate = gate,
            GateRow = gateRow,
            DSum = dSum,
            DGate = dGate,
            DGateRow = dGateRow,
            Rows = rows,
            Width = width,
            Parts = parts,
        });
    }

    private struct AddToColumnsBody : IParallelBody
    {
        public float* X, Y;
        public nint YRow;
        public long Rows;
        public int Width, Parts;

        public readonly void Run(int part)
        {
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                if (VectorWidth.Is512)
                    Row<Float32x16>(X + (row * Width), Y + ((nint)row * YRow));
                else if (VectorWidth.Is256)
                    Row<Float32x8>(X + (row * Width), Y + ((nint)row * YRow));
                else
                    Row<Float32x4>(X + (row * Width), Y + ((nint)row * YRow));
            }
        }

        private readonly void Row<T>(float* x, float* y) where T : unmanaged, IFloat32Vector<T>
        {
            int i = 0;
            for (; i <= Width - T.Count; i += T.Count)
                T.Store(T.Load(y + i) + T.Load(x + i), y + i);
            if (i < Width)
                T.StorePartial(T.LoadPartial(y + i, Width - i) + T.LoadPartial(x + i, Width - i), y + i, Width - i);
        }
    }

    private struct GateBackwardBody : IParallelBody
    {
        public float* Dy, Sum, Gate, DSum, DGate;
        public nint GateRow, DGateRow;
        public long Rows;
        public int Width, Parts;

        public readonly void Run(int part)
        {
            for (long row = Rows * part / Parts; row < Rows * (part + 1) / Parts; row++)
            {
                if (VectorWidth.Is512)
                    Row<Float32x16>(row);
                else if (VectorWidth.Is256)
                    Row<Float32x8>(row);
                else
                    Row<Float32x4>(row);
            }
        }

        private readonly void Row<T>(long row) where T : unmanaged, IFloat32Vector<T>
        {
            float* dy = Dy + (row * Width), sum = Sum + (row * Width), dSum = DSum + (row * Width);
            float* gate = Gate + ((nint)row * GateRow), dGate = DGate + ((nint)row * DGateRow);
            int i = 0;
            for (; i <= Width - T.Count; i += T.Count)
            {
                T gradient = T.Load(dy + i);
                T.Store(gradient * T.Load(gate + i), dSum + i);
                T.Store(gradient * T.Load(sum + i), dGate + i);
            }

            if (i < Width)
            {
                int rest = Width - i;
                T gradient = T.LoadPartial(dy + i, rest);
                T.StorePartial(gradient * T.LoadPartial(gate + i, rest), dSum + i, rest);
                T.StorePartial(gradient * T.LoadPartial(sum + i, rest), dGate + i, rest);
            }
        }
    }
}

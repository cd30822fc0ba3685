using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Rotary encoding of neighbouring channel pairs: y = x·cos + rotate(x)·sin with rotate(x₀, x₁) = (−x₁, x₀). The tables are
/// tokens × width, the same for every image and head, and the two channels of a pair may have different angles.
/// </summary>
internal static unsafe class Rotary
{
    private const long Grain = 1 << 17;

    /// <summary>−1, 1, −1, 1, …</summary>
    private static ReadOnlySpan<float> Signs => [-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1];

    /// <summary>
    /// Rotates x (images × tokens × heads·width) into y. Width is even.
    /// </summary>
    public static void Forward(
        int batch, int tokens, int heads, int width, Rows x, float* sin, float* cos, Rows y) =>
        Run(new Problem(batch, tokens, heads, width, x, sin, cos, y), back: false);

    /// <summary>∂L/∂x = ∂L/∂y·cos − rotate(∂L/∂y·sin), overwriting <paramref name="dx"/>.</summary>
    public static void Backward(
        int batch, int tokens, int heads, int width, Rows dy, float* sin, float* cos, Rows dx) =>
        Run(new Problem(batch, tokens, heads, width, dy, sin, cos, dx), back: true);

    /// <summary>One vector of pairs turned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Turn<T>(T x, T sin, T cos) where T : unmanaged, IFloat32Vector<T> =>
        T.MultiplyAdd(SwapPairs(x), sin * AlternatingSigns<T>(), x * cos);

    /// <summary>The transpose of <see cref="Turn{T}"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T TurnBack<T>(T y, T sin, T cos) where T : unmanaged, IFloat32Vector<T> =>
        (y * cos) - (SwapPairs(y * sin) * AlternatingSigns<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T AlternatingSigns<T>() where T : unmanaged, IFloat32Vector<T> =>
        T.Load((float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Signs)));

    /// <summary>(x0, x1, x2, x3, …) → (x1, x0, x3, x2, …).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SwapPairs<T>(T x) where T : unmanaged, IFloat32Vector<T>
    {
        if (typeof(T) == typeof(Float32x16))
        {
            var order = Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
            return Unsafe.BitCast<Float32x16, T>(new(Vector512.Shuffle(Unsafe.BitCast<T, Float32x16>(x).Value, order)));
        }
        if (typeof(T) == typeof(Float32x8))
        {
            var order = Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6);
            return Unsafe.BitCast<Float32x8, T>(new(Vector256.Shuffle(Unsafe.BitCast<T, Float32x8>(x).Value, order)));
        }
        return Unsafe.BitCast<Float32x4, T>(new(Vector128.Shuffle(Unsafe.BitCast<T, Float32x4>(x).Value, Vector128.Create(1, 0, 3, 2))));
    }

    private static void Run(in Problem problem, bool back)
    {
        int rows = problem.Batch * problem.Tokens;
        int parts = Math.Min(rows, Workers.PartsFor((long)rows * problem.Heads * problem.Width, Grain));
        switch (Lanes.CountFor(problem.Width))
        {
            case 16: Workers.Run(parts, new Body<Float32x16>(problem, parts, back)); break;
            case 8: Workers.Run(parts, new Body<Float32x8>(problem, parts, back)); break;
            default: Workers.Run(parts, new Body<Float32x4>(problem, parts, back)); break;
        }
    }

    private readonly struct Problem(
        int batch, int tokens, int heads, int width, Rows x, float* sin, float* cos, Rows y)
    {
        public int Batch { get; } = batch;
        public int Tokens { get; } = tokens;
        public int Heads { get; } = heads;
        public int Width { get; } = width;

        public float* X(int image, int token) => x.At(image, token, 0);

        public float* Y(int image, int token) => y.At(image, token, 0);

        public float* Sin(int token) => sin + ((nint)token * Width);

        public float* Cos(int token) => cos + ((nint)token * Width);
    }

    private readonly struct Body<T>(Problem problem, int parts, bool back) : IParallelBody where T : unmanaged, IFloat32Vector<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int part)
        {
            (int first, int end) = Workers.Range(problem.Batch * problem.Tokens, parts, part);
            for (int row = first; row < end; row++)
            {
                (int image, int token) = Math.DivRem(row, problem.Tokens);
                float* x = problem.X(image, token), y = problem.Y(image, token);
                float* sin = problem.Sin(token), cos = problem.Cos(token);
                for (int head = 0; head < problem.Heads; head++)
                {
                    for (int j = 0; j < problem.Width; j += T.Count)
                    {
                        int left = problem.Width - j;
                        T input = Lanes.Load<T>(x + j, left), s = Lanes.Load<T>(sin + j, left), c = Lanes.Load<T>(cos + j, left);
                        Lanes.Store(back ? TurnBack(input, s, c) : Turn(input, s, c), y + j, left);
                    }
                    x += problem.Width;
                    y += problem.Width;
                }
            }
        }
    }
}

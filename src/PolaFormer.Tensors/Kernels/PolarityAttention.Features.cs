using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttention
{
    private static partial class Pass<T>
    {
        private const float Ln2 = 0.693147182f;

        /// <summary>
        /// The first half of all features: x̃ = (x + position)·s, times a factor of the row unless null, where the positive features will be, log₂|x̃| where the negative
        /// ones will be. One loop for both halves would be one long chain, of which too few fit the processor's window.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Logarithms(
            in PolarityLayout layout, int rows, float* x, nint xRow, float* position, nint positionRow, float* mask, float* inverseScale, float* features)
        {
            nint ahead = PolarityLayout.Block * xRow, positionAhead = PolarityLayout.Block * positionRow, padded = layout.Padded;
            for (int row = rows; row > 0; row--)
            {
                for (nint j = 0; j < padded; j += T.Count)
                {
                    int left = layout.HeadDim - (int)j;
                    TokenBlock<T>.Prefetch(x + ahead + j);
                    T value = Lanes.Load<T>(x + j, left);
                    if (position != null)
                    {
                        TokenBlock<T>.Prefetch(position + positionAhead + j);
                        value += Lanes.Load<T>(position + j, left);
                    }
                    value *= Lanes.Load<T>(inverseScale + j, left);
                    if (mask != null)
                        value *= T.Create(*mask);
                    T.Store(value, features + j);
                    T.Store(Log2(T.Abs(value)), features + padded + j);
                }
                x += xRow;
                position += position == null ? 0 : positionRow;
                mask += mask == null ? 0 : 1;
                features += layout.FeatureRow;
            }
        }

        /// <summary>φ of a block of keys (rows × 2·Padded), its column sums added to <paramref name="sum"/> (2·Padded). v is prefetched.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void KeyFeatures(
            in PolarityLayout layout, int rows, float* k, nint kRow, float* position, nint positionRow, float* mask, float* v, nint vRow,
            float* inverseScale, float* power, float* features, float* sum)
        {
            Logarithms(layout, rows, k, kRow, position, positionRow, mask, inverseScale, features);
            nint featureRow = layout.FeatureRow, padded = layout.Padded;
            for (int j = 0; j < layout.Padded; j += T.Count)
            {
                T exponent = Lanes.Load<T>(power + j, layout.HeadDim - j) - T.Create(1);
                T positiveSum = T.Load(sum + j), negativeSum = T.Load(sum + padded + j);
                float* at = features + j, soon = v + j;
                for (int row = rows; row > 0; row--)
                {
                    TokenBlock<T>.Prefetch(soon);
                    soon += vRow;
                    T x = T.Load(at), magnitude = T.Abs(x);
                    (T positive, T negative) = Route(x, magnitude, magnitude * Exp2(exponent * T.Load(at + padded)));
                    T.Store(positive, at);
                    T.Store(negative, at + padded);
                    at += featureRow;
                    positiveSum += positive;
                    negativeSum += negative;
                }
                T.Store(positiveSum, sum + j);
                T.Store(negativeSum, sum + padded + j);
            }
        }

        /// <summary>φ of a block of queries and the factors 1/(φ·m + ε), 1/(ψ·m + ε) of each row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void QueryFeatures(
            in PolarityLayout layout, int rows, float* q, nint qRow, float* inverseScale, float* power, float* mean,
            float* features, float* sameNormalizer, float* oppositeNormalizer)
        {
            Logarithms(layout, rows, q, qRow, null, 0, null, inverseScale, features);
            nint padded = layout.Padded;
            for (int row = 0; row < rows; row++)
            {
                T same = T.Zero, opposite = T.Zero;
                for (nint j = 0; j < padded; j += T.Count)
                {
                    T exponent = Lanes.Load<T>(power + j, layout.HeadDim - (int)j) - T.Create(1);
                    T x = T.Load(features + j), magnitude = T.Abs(x);
                    (T positive, T negative) = Route(x, magnitude, magnitude * Exp2(exponent * T.Load(features + padded + j)));
                    T.Store(positive, features + j);
                    T.Store(negative, features + padded + j);
                    T meanPositive = T.Load(mean + j), meanNegative = T.Load(mean + padded + j);
                    same = T.MultiplyAdd(positive, meanPositive, T.MultiplyAdd(negative, meanNegative, same));
                    opposite = T.MultiplyAdd(negative, meanPositive, T.MultiplyAdd(positive, meanNegative, opposite));
                }
                sameNormalizer[row] = 1 / (T.Sum(same) + Epsilon);
                oppositeNormalizer[row] = 1 / (T.Sum(opposite) + Epsilon);
                features += layout.FeatureRow;
            }
        }

        /// <summary>
        /// φ of a block and its derivatives: <paramref name="slope"/> = ∂|x̃|^p/∂x̃ (signed) and <paramref name="curve"/>
        /// = ∂|x̃|^p/∂p, both 0 at x̃ = 0 (rows × Padded).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FeaturesAndSlopes(
            in PolarityLayout layout, int rows, float* x, nint xRow, float* position, nint positionRow, float* mask,
            float* inverseScale, float* power, float* features, float* slope, float* curve)
        {
            Logarithms(layout, rows, x, xRow, position, positionRow, mask, inverseScale, features);
            nint padded = layout.Padded;
            for (int row = 0; row < rows; row++)
            {
                for (nint j = 0; j < padded; j += T.Count)
                {
                    T p = Lanes.Load<T>(power + j, layout.HeadDim - (int)j);
                    T input = T.Load(features + j), log2 = T.Load(features + padded + j);
                    T magnitude = T.Abs(input), root = Exp2((p - T.Create(1)) * log2), value = magnitude * root;
                    (T positive, T negative) = Route(input, magnitude, value);
                    T.Store(positive, features + j);
                    T.Store(negative, features + padded + j);
                    T sign = input ^ magnitude;
                    T.Store(T.Select(T.Equal(input, T.Zero), T.Zero, (p * root) | sign), slope + j);
                    T.Store(value * (log2 * T.Create(Ln2)), curve + j);
                }
                features += layout.FeatureRow;
                slope += padded;
                curve += padded;
            }
        }

        /// <summary>
        /// log₂ a, within 1.5 ulp or 1e-7·|log₂ a|: faster than the exact one, since the exponents are only about 1 to 8
        /// and no infinity, NaN or 0 that would not make a·(anything finite) what it must be.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Log2(T a)
        {
            // a = 2^e·(1 + f) with 1 + f in [√½, √2); log₂(1 + f) = f·P(f), relative error 2.6e-8
            T squareRootOfHalf = T.CreateBits(0x3F3504F3), bits = T.SubtractBits(a, squareRootOfHalf);
            T e = T.ConvertBits(T.ShiftRight(bits, 23));
            T f = T.AddBits(bits & T.CreateBits(0x007FFFFF), squareRootOfHalf) - T.Create(1);
            // in pairs and fours, since a chain of nine would be waited for
            T square = f * f, fourth = square * square;
            T p = T.MultiplyAdd(
                T.MultiplyAdd(T.Create(-0.360703677f), f, T.Create(0.480910629f)), square,
                T.MultiplyAdd(T.Create(-0.721347332f), f, T.Create(1.44269502f)));
            T q = T.MultiplyAdd(
                T.MultiplyAdd(T.Create(-0.207269743f), f, T.Create(0.215715602f)), square,
                T.MultiplyAdd(T.Create(-0.238944814f), f, T.Create(0.287916243f)));
            p = T.MultiplyAdd(T.MultiplyAdd(T.Create(0.125837043f), fourth, q), fourth, p);
            return T.MultiplyAdd(p, f, e);
        }

        /// <summary>2^t; 0 below −252.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Exp2(T t)
        {
            const float RoundingMagic = 12582912f;
            // Powers of two in hardware need no bounds.
            if (typeof(T) != typeof(Float32x16) || !Avx512F.IsSupported)
                t = T.Min(T.Create(254), T.Max(T.Create(-252), t));
            T n = t + T.Create(RoundingMagic) - T.Create(RoundingMagic);
            T r = t - n;
            // relative error 1.9e-9 for |r| ≤ ½
            T square = r * r;
            T low = T.MultiplyAdd(T.MultiplyAdd(T.Create(0.240226462f), r, T.Create(0.693147182f)), r, T.Create(1));
            T high = T.MultiplyAdd(T.Create(0.00961848907f), r, T.Create(0.0555032864f));
            high = T.MultiplyAdd(T.MultiplyAdd(T.Create(0.000153458110f), r, T.Create(0.00133999309f)), square, high);
            T q = T.MultiplyAdd(high, square * r, low);
            return T.Scale(q, n);
        }

        /// <summary>max(x, 0)^p and max(−x, 0)^p of |x|^p: the power with the sign of x, cut at 0 from either side. A NaN passes.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static (T Positive, T Negative) Route(T x, T magnitude, T power)
        {
            T signed = power | (x ^ magnitude);
            return (T.Max(T.Zero, signed), T.Max(T.Zero, -signed));
        }
    }
}

using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttention
{
    private static partial class Pass<T>
    {
        private const float Ln2 = 0.693147182f;

        /// <summary>φ of a block of keys (rows × 2·Padded), its column sums added to <paramref name="sum"/> (2·Padded). v is only asked for.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void KeyFeatures(
            in PolarityLayout layout, int rows, float* k, nint kRow, float* position, nint positionRow, float* v, nint vRow,
            float* inverseScale, float* power, float* features, float* sum)
        {
            for (var row = 0; row < rows; row++)
            {
                for (var j = 0; j < layout.Padded; j += T.Count)
                {
                    var left = layout.HeadDim - j;
                    TokenBlock<T>.Prefetch(k + layout.Block * kRow + j);
                    TokenBlock<T>.Prefetch(v + layout.Block * vRow + j);
                    var exponent = Lanes.Load<T>(power + j, left) - T.Create(1);
                    var x = Lanes.Load<T>(k + j, left);
                    if (position != null)
                    {
                        TokenBlock<T>.Prefetch(position + layout.Block * positionRow + j);
                        x += Lanes.Load<T>(position + j, left);
                    }
                    x *= Lanes.Load<T>(inverseScale + j, left);
                    var magnitude = T.Abs(x);
                    var (positive, negative) = Route(x, magnitude, magnitude * Exp2(exponent * Log2(magnitude)));
                    T.Store(positive, features + j);
                    T.Store(negative, features + layout.Padded + j);
                    T.Store(T.Load(sum + j) + positive, sum + j);
                    T.Store(T.Load(sum + layout.Padded + j) + negative, sum + layout.Padded + j);
                }
                k += kRow;
                v += vRow;
                position += position == null ? 0 : positionRow;
                features += layout.Width;
            }
        }

        /// <summary>φ of a block of queries and the factors 1/(φ·m + ε), 1/(ψ·m + ε) of each row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void QueryFeatures(
            in PolarityLayout layout, int rows, float* q, nint qRow, float* inverseScale, float* power, float* mean,
            float* features, float* sameNormalizer, float* oppositeNormalizer)
        {
            for (var row = 0; row < rows; row++)
            {
                T same = T.Zero, opposite = T.Zero;
                for (var j = 0; j < layout.Padded; j += T.Count)
                {
                    var left = layout.HeadDim - j;
                    var exponent = Lanes.Load<T>(power + j, left) - T.Create(1);
                    TokenBlock<T>.Prefetch(q + layout.Block * qRow + j);
                    var x = Lanes.Load<T>(q + j, left) * Lanes.Load<T>(inverseScale + j, left);
                    var magnitude = T.Abs(x);
                    var (positive, negative) = Route(x, magnitude, magnitude * Exp2(exponent * Log2(magnitude)));
                    T.Store(positive, features + j);
                    T.Store(negative, features + layout.Padded + j);
                    T meanPositive = T.Load(mean + j), meanNegative = T.Load(mean + layout.Padded + j);
                    same = T.MultiplyAdd(positive, meanPositive, T.MultiplyAdd(negative, meanNegative, same));
                    opposite = T.MultiplyAdd(negative, meanPositive, T.MultiplyAdd(positive, meanNegative, opposite));
                }
                sameNormalizer[row] = 1 / (T.Sum(same) + Epsilon);
                oppositeNormalizer[row] = 1 / (T.Sum(opposite) + Epsilon);
                q += qRow;
                features += layout.Width;
            }
        }

        /// <summary>
        /// φ of a block and its derivatives: <paramref name="slope"/> = ∂|x̃|^p/∂x̃ (signed) and <paramref name="curve"/>
        /// = ∂|x̃|^p/∂p, both 0 at x̃ = 0 (rows × Padded).
        /// <paramref name="other"/> is what the caller reads beside x: it is only asked for.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FeaturesAndSlopes(
            in PolarityLayout layout, int rows, float* x, nint xRow, float* position, nint positionRow, float* other, nint otherRow,
            float* inverseScale, float* power, float* features, float* slope, float* curve)
        {
            for (var row = 0; row < rows; row++)
            {
                for (var j = 0; j < layout.Padded; j += T.Count)
                {
                    var left = layout.HeadDim - j;
                    TokenBlock<T>.Prefetch(x + layout.Block * xRow + j);
                    TokenBlock<T>.Prefetch(other + layout.Block * otherRow + j);
                    var p = Lanes.Load<T>(power + j, left);
                    var input = Lanes.Load<T>(x + j, left);
                    if (position != null)
                    {
                        TokenBlock<T>.Prefetch(position + layout.Block * positionRow + j);
                        input += Lanes.Load<T>(position + j, left);
                    }
                    input *= Lanes.Load<T>(inverseScale + j, left);
                    T magnitude = T.Abs(input), log2 = Log2(magnitude), root = Exp2((p - T.Create(1)) * log2), value = magnitude * root;
                    var (positive, negative) = Route(input, magnitude, value);
                    T.Store(positive, features + j);
                    T.Store(negative, features + layout.Padded + j);
                    var sign = input ^ magnitude;
                    T.Store(T.Select(T.Equal(input, T.Zero), T.Zero, (p * root) | sign), slope + j);
                    T.Store(value * (log2 * T.Create(Ln2)), curve + j);
                }
                x += xRow;
                other += otherRow;
                position += position == null ? 0 : positionRow;
                features += layout.Width;
                slope += layout.Padded;
                curve += layout.Padded;
            }
        }

        /// <summary>
        /// log₂ a, within 1.5 ulp or 1e-7·|log₂ a|: quicker than the exact one, for it meets only an exponent of about 1 to 8
        /// and no infinity, NaN or 0 that would not make a·(anything finite) what it must be.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Log2(T a)
        {
            // a = 2^e·(1 + f) with 1 + f in [√½, √2); log₂(1 + f) = f·P(f), relative error 2.6e-8
            T squareRootOfHalf = T.CreateBits(0x3F3504F3), bits = T.SubtractBits(a, squareRootOfHalf);
            var e = T.ConvertBits(T.ShiftRight(bits, 23));
            var f = T.AddBits(bits & T.CreateBits(0x007FFFFF), squareRootOfHalf) - T.Create(1);
            var p = T.MultiplyAdd(T.Create(0.125837043f), f, T.Create(-0.207269743f));
            p = T.MultiplyAdd(p, f, T.Create(0.215715602f));
            p = T.MultiplyAdd(p, f, T.Create(-0.238944814f));
            p = T.MultiplyAdd(p, f, T.Create(0.287916243f));
            p = T.MultiplyAdd(p, f, T.Create(-0.360703677f));
            p = T.MultiplyAdd(p, f, T.Create(0.480910629f));
            p = T.MultiplyAdd(p, f, T.Create(-0.721347332f));
            p = T.MultiplyAdd(p, f, T.Create(1.44269502f));
            return T.MultiplyAdd(p, f, e);
        }

        /// <summary>2^t; 0 below −252.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Exp2(T t)
        {
            const float RoundingMagic = 12582912f;
            t = T.Min(T.Create(254), T.Max(T.Create(-252), t));
            var n = t + T.Create(RoundingMagic) - T.Create(RoundingMagic);
            var r = t - n;
            // relative error 1.9e-9 for |r| ≤ ½
            var q = T.MultiplyAdd(T.Create(0.000153458110f), r, T.Create(0.00133999309f));
            q = T.MultiplyAdd(q, r, T.Create(0.00961848907f));
            q = T.MultiplyAdd(q, r, T.Create(0.0555032864f));
            q = T.MultiplyAdd(q, r, T.Create(0.240226462f));
            q = T.MultiplyAdd(q, r, T.Create(0.693147182f));
            q = T.MultiplyAdd(q, r, T.Create(1));
            return T.Scale(q, n);
        }

        /// <summary>max(x, 0)^p and max(−x, 0)^p of |x|^p: the power with the sign of x, cut at 0 from either side. A NaN passes.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static (T Positive, T Negative) Route(T x, T magnitude, T power)
        {
            var signed = power | (x ^ magnitude);
            return (T.Max(T.Zero, signed), T.Max(T.Zero, -signed));
        }
    }
}

using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttention
{
    private static partial class Pass<TVector, TLanes>
    {
        /// <summary>φ of a block of keys (rows × 2·Padded), its column sums added to <paramref name="sum"/> (2·Padded).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void KeyFeatures(
            in PolarityLayout layout, int rows, float* k, nint kRow, float* position, nint positionRow,
            float* inverseScale, float* power, float* features, float* sum)
        {
            for (var j = 0; j < layout.Padded; j += TLanes.Count)
            {
                var left = layout.HeadDim - j;
                var scale = Lanes.Load<TVector, TLanes>(inverseScale + j, left);
                var exponent = TLanes.Subtract(Lanes.Load<TVector, TLanes>(power + j, left), TLanes.Broadcast(1));
                TVector positiveSum = TLanes.Load(sum + j), negativeSum = TLanes.Load(sum + layout.Padded + j);
                var feature = features + j;
                for (var row = 0; row < rows; row++)
                {
                    var x = Lanes.Load<TVector, TLanes>(k + row * kRow + j, left);
                    if (position != null) x = TLanes.Add(x, Lanes.Load<TVector, TLanes>(position + row * positionRow + j, left));
                    x = TLanes.Multiply(x, scale);
                    var magnitude = TLanes.Abs(x);
                    var value = TLanes.Multiply(magnitude, Root(magnitude, exponent));
                    var positive = TLanes.ZeroUnlessPositive(x, value);
                    var negative = TLanes.ZeroUnlessPositive(TLanes.Negate(x), value);
                    TLanes.Store(positive, feature);
                    TLanes.Store(negative, feature + layout.Padded);
                    positiveSum = TLanes.Add(positiveSum, positive);
                    negativeSum = TLanes.Add(negativeSum, negative);
                    feature += layout.Width;
                }
                TLanes.Store(positiveSum, sum + j);
                TLanes.Store(negativeSum, sum + layout.Padded + j);
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
                TVector same = TLanes.Zero, opposite = TLanes.Zero;
                for (var j = 0; j < layout.Padded; j += TLanes.Count)
                {
                    var left = layout.HeadDim - j;
                    var exponent = TLanes.Subtract(Lanes.Load<TVector, TLanes>(power + j, left), TLanes.Broadcast(1));
                    var x = TLanes.Multiply(
                        Lanes.Load<TVector, TLanes>(q + j, left), Lanes.Load<TVector, TLanes>(inverseScale + j, left));
                    var magnitude = TLanes.Abs(x);
                    var value = TLanes.Multiply(magnitude, Root(magnitude, exponent));
                    var positive = TLanes.ZeroUnlessPositive(x, value);
                    var negative = TLanes.ZeroUnlessPositive(TLanes.Negate(x), value);
                    TLanes.Store(positive, features + j);
                    TLanes.Store(negative, features + layout.Padded + j);
                    TVector meanPositive = TLanes.Load(mean + j), meanNegative = TLanes.Load(mean + layout.Padded + j);
                    same = TLanes.MultiplyAdd(positive, meanPositive, TLanes.MultiplyAdd(negative, meanNegative, same));
                    opposite = TLanes.MultiplyAdd(negative, meanPositive, TLanes.MultiplyAdd(positive, meanNegative, opposite));
                }
                sameNormalizer[row] = 1 / (TLanes.Sum(same) + Epsilon);
                oppositeNormalizer[row] = 1 / (TLanes.Sum(opposite) + Epsilon);
                q += qRow;
                features += layout.Width;
            }
        }

        /// <summary>
        /// φ of a block and its derivatives: <paramref name="slope"/> = ∂|x̃|^p/∂x̃ (signed) and <paramref name="curve"/>
        /// = ∂|x̃|^p/∂p, both 0 at x̃ = 0 (rows × Padded).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void FeaturesAndSlopes(
            in PolarityLayout layout, int rows, float* x, nint xRow, float* position, nint positionRow,
            float* inverseScale, float* power, float* features, float* slope, float* curve)
        {
            for (var j = 0; j < layout.Padded; j += TLanes.Count)
            {
                var left = layout.HeadDim - j;
                var scale = Lanes.Load<TVector, TLanes>(inverseScale + j, left);
                var p = Lanes.Load<TVector, TLanes>(power + j, left);
                var exponent = TLanes.Subtract(p, TLanes.Broadcast(1));
                for (var row = 0; row < rows; row++)
                {
                    var input = Lanes.Load<TVector, TLanes>(x + row * xRow + j, left);
                    if (position != null) input = TLanes.Add(input, Lanes.Load<TVector, TLanes>(position + row * positionRow + j, left));
                    input = TLanes.Multiply(input, scale);
                    var negated = TLanes.Negate(input);
                    var magnitude = TLanes.Abs(input);
                    var log = TLanes.Log(magnitude);
                    var root = TLanes.Exp(TLanes.Multiply(exponent, log));
                    var value = TLanes.Multiply(magnitude, root);
                    TLanes.Store(TLanes.ZeroUnlessPositive(input, value), features + row * layout.Width + j);
                    TLanes.Store(TLanes.ZeroUnlessPositive(negated, value), features + row * layout.Width + layout.Padded + j);

                    var rise = TLanes.Multiply(p, root);
                    TLanes.Store(
                        TLanes.Subtract(TLanes.ZeroUnlessPositive(input, rise), TLanes.ZeroUnlessPositive(negated, rise)),
                        slope + row * layout.Padded + j);
                    TLanes.Store(TLanes.ZeroUnlessPositive(magnitude, TLanes.Multiply(value, log)), curve + row * layout.Padded + j);
                }
            }
        }

        /// <summary>a^(p − 1) = exp((p − 1)·ln a); |x|^p is a times that. Undefined at a = 0, where sign routing discards it.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector Root(TVector magnitude, TVector exponent) =>
            TLanes.Exp(TLanes.Multiply(exponent, TLanes.Log(magnitude)));
    }
}

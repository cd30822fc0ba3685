using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class PolarityAttentionPlusPlus
{
    private static partial class Pass<T>
    {
        /// <summary>κ of a block of keys (rows × Width), its column sums added to <paramref name="sum"/> unless null. v is prefetched.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void KeyFeatures(in PolarityPlusPlusLayout layout, int rows, float* k, nint kRow, float* v, nint vRow, float* features, float* sum)
        {
            for (int j = 0; j < layout.Padded; j += T.Count)
            {
                int left = layout.HeadDim - j;
                T frontSum = T.Zero, backSum = T.Zero;
                for (int row = 0; row < rows; row++)
                {
                    TokenBlock<T>.Prefetch(k + ((row + PolarityPlusPlusLayout.Block) * kRow) + j);
                    TokenBlock<T>.Prefetch(v + (row * vRow) + j);
                    T x = Lanes.Load<T>(k + (row * kRow) + j, left);
                    T magnitude = T.Abs(x);
                    (T positive, T negative) = Route(x, magnitude, VectorMath.Exp(magnitude) - T.Create(1));
                    T.Store(positive, features + (row * layout.Width) + j);
                    T.Store(negative, features + (row * layout.Width) + layout.Padded + j);
                    frontSum += positive;
                    backSum += negative;
                }
                if (sum == null)
                    continue;
                T.Store(T.Load(sum + j) + frontSum, sum + j);
                T.Store(T.Load(sum + layout.Padded + j) + backSum, sum + layout.Padded + j);
            }
        }

        /// <summary>f and f' of a block of queries (rows × Width each), unrotated.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void QueryFeatures(
            in PolarityPlusPlusLayout layout, int rows, float* q, nint qRow, float* same, float* opposite,
            float* features, float* oppositeFeatures)
        {
            for (int j = 0; j < layout.Padded; j += T.Count)
            {
                int left = layout.HeadDim - j;
                T sameFront = Lanes.Load<T>(same + j, left), sameBack = Lanes.Load<T>(same + layout.HeadDim + j, left);
                T oppositeFront = Lanes.Load<T>(opposite + j, left), oppositeBack = Lanes.Load<T>(opposite + layout.HeadDim + j, left);
                for (int row = 0; row < rows; row++)
                {
                    TokenBlock<T>.Prefetch(q + ((row + PolarityPlusPlusLayout.Block) * qRow) + j);
                    T x = Lanes.Load<T>(q + (row * qRow) + j, left);
                    T magnitude = T.Abs(x), isPositive = T.GreaterThan(x, T.Zero);
                    T temperature = T.Select(isPositive, sameFront, sameBack);
                    (T positive, T negative) = Route(x, magnitude, VectorMath.Exp(magnitude * temperature) - T.Create(1));
                    T.Store(positive, features + (row * layout.Width) + j);
                    T.Store(negative, features + (row * layout.Width) + layout.Padded + j);

                    temperature = T.Select(isPositive, oppositeBack, oppositeFront);
                    (positive, negative) = Route(x, magnitude, VectorMath.Exp(magnitude * temperature) - T.Create(1));
                    T.Store(negative, oppositeFeatures + (row * layout.Width) + j);
                    T.Store(positive, oppositeFeatures + (row * layout.Width) + layout.Padded + j);
                }
            }
        }

        /// <summary>destination = R·features for tokens from <paramref name="token"/> on, or Rᵀ·features; may be in place.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Rotate(
            in PolarityPlusPlusLayout layout, int rows, float* features, float* sin, float* cos, int token, bool back, float* destination)
        {
            sin += (nint)token * 2 * layout.HeadDim;
            cos += (nint)token * 2 * layout.HeadDim;
            for (int halfRow = 0; halfRow < 2 * rows; halfRow++)
            {
                for (int j = 0; j < layout.Padded; j += T.Count)
                {
                    int left = layout.HeadDim - j;
                    T x = T.Load(features + j), s = Lanes.Load<T>(sin + j, left), c = Lanes.Load<T>(cos + j, left);
                    T.Store(back ? Rotary.TurnBack(x, s, c) : Rotary.Turn(x, s, c), destination + j);
                }
                features += layout.Padded;
                destination += layout.Padded;
                sin += layout.HeadDim;
                cos += layout.HeadDim;
            }
        }

        /// <summary>
        /// R·f and R·f' of a block of queries in place, from token <paramref name="token"/> on, and each row's 1/(f·m + ε) and
        /// 1/(f'·m + ε) from what they were before.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void RotateQueries(
            in PolarityPlusPlusLayout layout, int rows, float* features, float* oppositeFeatures, float* sin, float* cos, int token,
            float* mean, float* sameNormalizer, float* oppositeNormalizer)
        {
            sin += (nint)token * 2 * layout.HeadDim;
            cos += (nint)token * 2 * layout.HeadDim;
            for (int row = 0; row < rows; row++)
            {
                T same = T.Zero, opposite = T.Zero;
                // The front features, then the back ones.
                for (nint half = 0; half < layout.Width; half += layout.Padded)
                {
                    for (nint j = 0; j < layout.Padded; j += T.Count)
                    {
                        int left = layout.HeadDim - (int)j;
                        T f = T.Load(features + half + j), fOpposite = T.Load(oppositeFeatures + half + j), m = T.Load(mean + half + j);
                        T s = Lanes.Load<T>(sin + j, left), c = Lanes.Load<T>(cos + j, left);
                        same = T.MultiplyAdd(f, m, same);
                        opposite = T.MultiplyAdd(fOpposite, m, opposite);
                        T.Store(Rotary.Turn(f, s, c), features + half + j);
                        T.Store(Rotary.Turn(fOpposite, s, c), oppositeFeatures + half + j);
                    }
                    sin += layout.HeadDim;
                    cos += layout.HeadDim;
                }
                sameNormalizer[row] = 1 / (T.Sum(same) + PolarityAttention.Epsilon);
                oppositeNormalizer[row] = 1 / (T.Sum(opposite) + PolarityAttention.Epsilon);
                features += layout.Width;
                oppositeFeatures += layout.Width;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float Dot(int length, float* a, float* b)
        {
            T sum = T.Zero, odd = T.Zero;
            int i = 0;
            for (; i + (2 * T.Count) <= length; i += 2 * T.Count)
            {
                sum = T.MultiplyAdd(T.Load(a + i), T.Load(b + i), sum);
                odd = T.MultiplyAdd(T.Load(a + i + T.Count), T.Load(b + i + T.Count), odd);
            }
            return T.Sum(sum + odd);
        }

        /// <summary>The value where x &gt; 0 and where x &lt; 0, else 0: the value (≥ 0) with the sign of x, cut from either side. A NaN passes.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static (T Positive, T Negative) Route(T x, T magnitude, T value)
        {
            T signed = value | (x ^ magnitude);
            return (T.Max(T.Zero, signed), T.Max(T.Zero, -signed));
        }

        /// <summary>Both halves of the value rows of a block, each padded by itself.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void CopyHalves(in PolarityPlusPlusLayout layout, int rows, float* source, nint sourceRow, float* destination)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int j = 0; j < layout.HalfPadded; j += T.Count)
                {
                    int left = layout.Half - j;
                    TokenBlock<T>.Prefetch(source + (PolarityPlusPlusLayout.Block * sourceRow) + j);
                    TokenBlock<T>.Prefetch(source + (PolarityPlusPlusLayout.Block * sourceRow) + layout.Half + j);
                    T.Store(Lanes.Load<T>(source + j, left), destination + j);
                    T.Store(Lanes.Load<T>(source + layout.Half + j, left), destination + layout.HalfPadded + j);
                }
                source += sourceRow;
                destination += layout.Columns;
            }
        }

        /// <summary>Scatters rows of two padded halves, each half times the factor of its row (or 1 where null).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void StoreHalves(
            in PolarityPlusPlusLayout layout, int rows, float* source, float* same, float* opposite, float* destination, nint destinationRow)
        {
            for (int row = 0; row < rows; row++)
            {
                T left = T.Create(same == null ? 1 : same[row]), right = T.Create(opposite == null ? 1 : opposite[row]);
                for (int j = 0; j < layout.Half; j += T.Count)
                {
                    TokenBlock<T>.Prefetch(destination + (PolarityPlusPlusLayout.Block * destinationRow) + j);
                    TokenBlock<T>.Prefetch(destination + (PolarityPlusPlusLayout.Block * destinationRow) + layout.Half + j);
                    Lanes.Store(T.Load(source + j) * left, destination + j, layout.Half - j);
                    Lanes.Store(T.Load(source + layout.HalfPadded + j) * right, destination + layout.Half + j, layout.Half - j);
                }
                source += layout.Columns;
                destination += destinationRow;
            }
        }
    }
}

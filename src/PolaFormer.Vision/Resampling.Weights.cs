namespace PolaFormer.Vision;

public static partial class Resampling
{
    /// <summary>Fractional bits of a weight: 32 less 8 for the sample and 2 for sign and overshoot.</summary>
    private const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Added before the shift: rounds to nearest.</summary>
    private const int Half = 1 << (PrecisionBits - 1);

    /// <summary>A weight is taken apart as upper · 2¹⁵ + lower, both of which fit 16 bits: products of 16-bit pairs are the fastest there are.</summary>
    private const int LowerBits = 15;

    /// <summary>As an index of a byte shuffle: zero.</summary>
    private const byte Zero = 0x80;

    /// <summary>The upper and the lower halves of two weights, the first weight's in the lower 16 bits.</summary>
    private static (int Upper, int Lower) PairHalves(int first, int second)
    {
        const int mask = (1 << LowerBits) - 1;
        return (((first >> LowerBits) & 0xFFFF) | (second >> LowerBits << 16), (first & mask) | ((second & mask) << 16));
    }

    /// <summary>For each output position of one axis: the first source position, how many follow, and their weights.</summary>
    private sealed class Weights
    {
        /// <param name="sourceSize">Source positions.</param>
        /// <param name="low">Where the resampled range begins.</param>
        /// <param name="high">Where it ends.</param>
        /// <param name="size">Positions that the whole range is resampled to.</param>
        /// <param name="filter">The filter.</param>
        /// <param name="first">First output position wanted.</param>
        /// <param name="count">Output positions wanted.</param>
        public Weights(int sourceSize, float low, float high, int size, ResamplingFilter filter, int first, int count)
        {
            double scale = (double)(high - low) / size;
            double stretch = Math.Max(scale, 1);
            double support = Radius(filter) * stretch, reciprocal = 1 / stretch;
            Taps = ((int)Math.Ceiling(support) * 2) + 1;
            Start = new int[count];
            Count = new int[count];
            Values = new int[checked(count * Taps)];
            double[] exact = new double[Taps];
            for (int i = 0; i < count; i++)
            {
                double center = low + ((first + i + 0.5) * scale);
                int from = Math.Max((int)(center - support + 0.5), 0);
                int taps = Math.Min((int)(center + support + 0.5), sourceSize) - from;
                double sum = 0;
                for (int k = 0; k < taps; k++)
                    sum += exact[k] = Evaluate(filter, (from + k - center + 0.5) * reciprocal);
                for (int k = 0; k < taps; k++)
                    Values[(i * Taps) + k] = FixedPoint(sum != 0 ? exact[k] / sum : exact[k]);
                (Start[i], Count[i]) = (from, taps);
                MaxCount = Math.Max(MaxCount, taps);
            }
        }

        /// <summary>Room for weights per output position.</summary>
        public int Taps { get; }

        /// <summary>The most weights of any position.</summary>
        public int MaxCount { get; }

        public int[] Start { get; }

        public int[] Count { get; }

        /// <summary>(positions, <see cref="Taps"/>); behind the last weight of a position are zeros.</summary>
        public int[] Values { get; }

        private static int FixedPoint(double weight) => (int)((weight < 0 ? -0.5 : 0.5) + (weight * (1 << PrecisionBits)));

        private static double Radius(ResamplingFilter filter) => filter switch
        {
            ResamplingFilter.Box => 0.5,
            ResamplingFilter.Bilinear or ResamplingFilter.Hamming => 1,
            ResamplingFilter.Bicubic => 2,
            ResamplingFilter.Lanczos => 3,
            _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Unknown resampling filter."),
        };

        private static double Evaluate(ResamplingFilter filter, double x) => filter switch
        {
            ResamplingFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            ResamplingFilter.Bilinear => Math.Max(1 - Math.Abs(x), 0),
            ResamplingFilter.Hamming => Hamming(Math.Abs(x)),
            ResamplingFilter.Bicubic => Cubic(Math.Abs(x)),
            _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        };

        private static double Cubic(double x)
        {
            const double a = -0.5;
            if (x < 1)
                return ((((a + 2) * x) - (a + 3)) * x * x) + 1;
            return x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * a : 0;
        }

        private static double Hamming(double x)
        {
            if (x == 0)
                return 1;
            if (x >= 1)
                return 0;
            x *= Math.PI;
            return Math.Sin(x) / x * (0.54f + (0.46f * Math.Cos(x)));
        }

        private static double Sinc(double x)
        {
            if (x == 0)
                return 1;
            x *= Math.PI;
            return Math.Sin(x) / x;
        }
    }
}

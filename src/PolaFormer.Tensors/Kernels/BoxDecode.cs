namespace PolaFormer.Tensors.Kernels;

/// <summary>Boxes from deltas and back; few values, one thread.</summary>
internal static unsafe class BoxDecode
{
    // |ln(16 / 1000)|.
    private const float MaxRatio = 4.135166556742356f;

    /// <summary>y(n, 4·groups) from boxes (n, 4) and deltas (n, 4·groups).</summary>
    public static void Forward(float* boxes, float* deltas, int count, int groups, in BoxDecodeRule rule, float* y)
    {
        for (long i = 0; i < (long)count * groups; i++)
        {
            float* box = boxes + (4 * (i / groups)), delta = deltas + (4 * i), target = y + (4 * i);
            Axis x = new(box[0], box[2], delta[0], delta[2], rule.Deviation.X, rule.Mean.X, rule.Deviation.Width, rule.Mean.Width);
            Axis v = new(box[1], box[3], delta[1], delta[3], rule.Deviation.Y, rule.Mean.Y, rule.Deviation.Height, rule.Mean.Height);
            (target[0], target[1], target[2], target[3]) = (Bound(x.Low, rule.Width), Bound(v.Low, rule.Height), Bound(x.High, rule.Width), Bound(v.High, rule.Height));
        }
    }

    /// <summary>The gradients of boxes and deltas.</summary>
    public static void Backward(float* boxes, float* deltas, int count, int groups, in BoxDecodeRule rule, float* dy, float* dboxes, float* ddeltas)
    {
        new Span<float>(dboxes, 4 * count).Clear();
        for (long i = 0; i < (long)count * groups; i++)
        {
            float* box = boxes + (4 * (i / groups)), delta = deltas + (4 * i), gradient = dy + (4 * i), dbox = dboxes + (4 * (i / groups)), ddelta = ddeltas + (4 * i);
            Axis x = new(box[0], box[2], delta[0], delta[2], rule.Deviation.X, rule.Mean.X, rule.Deviation.Width, rule.Mean.Width);
            Axis v = new(box[1], box[3], delta[1], delta[3], rule.Deviation.Y, rule.Mean.Y, rule.Deviation.Height, rule.Mean.Height);
            x.Backward(Passed(x.Low, rule.Width, gradient[0]), Passed(x.High, rule.Width, gradient[2]), rule.Deviation.X, rule.Deviation.Width, dbox, ddelta);
            v.Backward(Passed(v.Low, rule.Height, gradient[1]), Passed(v.High, rule.Height, gradient[3]), rule.Deviation.Y, rule.Deviation.Height, dbox + 1, ddelta + 1);
        }
    }

    private static float Bound(float value, float limit) => float.IsPositiveInfinity(limit) ? value : Math.Min(Math.Max(value, 0), limit);

    private static float Passed(float value, float limit, float gradient) =>
        float.IsPositiveInfinity(limit) || (value >= 0 && value <= limit) ? gradient : 0;

    // One direction of a box: its ends after decoding, and what the gradient needs.
    private readonly ref struct Axis
    {
        public readonly float Low, High;
        private readonly float _size, _shift, _growth;
        private readonly bool _isInside;

        public Axis(float low, float high, float shift, float ratio, float shiftDeviation, float shiftMean, float ratioDeviation, float ratioMean)
        {
            _shift = (shift * shiftDeviation) + shiftMean;
            float scaled = (ratio * ratioDeviation) + ratioMean;
            _isInside = scaled >= -MaxRatio && scaled <= MaxRatio;
            _growth = MathF.Exp(Math.Clamp(scaled, -MaxRatio, MaxRatio));
            _size = high - low;
            float centre = ((low + high) * 0.5f) + (_size * _shift), half = _size * _growth * 0.5f;
            Low = centre - half;
            High = centre + half;
        }

        public void Backward(float dlow, float dhigh, float shiftDeviation, float ratioDeviation, float* dbox, float* ddelta)
        {
            float dcentre = dlow + dhigh, dlength = (dhigh - dlow) * 0.5f;
            float dsize = (dcentre * _shift) + (dlength * _growth);
            dbox[0] += (dcentre * 0.5f) - dsize;
            dbox[2] += (dcentre * 0.5f) + dsize;
            ddelta[0] = dcentre * _size * shiftDeviation;
            ddelta[2] = _isInside ? dlength * _size * _growth * ratioDeviation : 0;
        }
    }
}

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Overlaps of boxes. Every operation is one of float32 in mmdetection's order, for equal overlaps decide about anchors.
/// </summary>
internal static unsafe class BoxOverlaps
{
    private const float Eps = 1e-6f;

    /// <summary>y(n, m), or y(n) of pairs.</summary>
    public static void Forward(float* a, int count, float* b, int others, OverlapMode mode, bool isAligned, float* y)
    {
        int columns = isAligned ? 1 : others;
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < columns; j++)
                y[((long)i * columns) + j] = new Pair(a + (4 * i), b + (4 * (isAligned ? i : j)), mode).Value;
        }
    }

    /// <summary>The gradients of both lists.</summary>
    public static void Backward(float* a, int count, float* b, int others, OverlapMode mode, bool isAligned, float* dy, float* da, float* db)
    {
        new Span<float>(da, 4 * count).Clear();
        new Span<float>(db, 4 * others).Clear();
        int columns = isAligned ? 1 : others;
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                int other = isAligned ? i : j;
                float* first = a + (4 * i), second = b + (4 * other);
                new Pair(first, second, mode).Backward(first, second, mode, dy[((long)i * columns) + j], da + (4 * i), db + (4 * other));
            }
        }
    }

    /// <summary>The overlap of two boxes.</summary>
    public static float Of(float* a, float* b, OverlapMode mode) => new Pair(a, b, mode).Value;

    private readonly ref struct Pair
    {
        public readonly float Value;
        private readonly float _width, _height, _overlap, _union, _enclosing, _enclosingWidth, _enclosingHeight;
        private readonly bool _isUnionFree, _isEnclosingFree, _isWide, _isHigh;

        public Pair(float* a, float* b, OverlapMode mode)
        {
            float areaA = (a[2] - a[0]) * (a[3] - a[1]), areaB = (b[2] - b[0]) * (b[3] - b[1]);
            float width = Math.Min(a[2], b[2]) - Math.Max(a[0], b[0]), height = Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]);
            (_isWide, _isHigh) = (width >= 0, height >= 0);
            (_width, _height) = (Math.Max(width, 0), Math.Max(height, 0));
            _overlap = _width * _height;
            float union = mode == OverlapMode.IntersectionOverFirst ? areaA : areaA + areaB - _overlap;
            _isUnionFree = union > Eps;
            _union = Math.Max(union, Eps);
            Value = _overlap / _union;
            if (mode != OverlapMode.Generalized)
                return;
            _enclosingWidth = Math.Max(Math.Max(a[2], b[2]) - Math.Min(a[0], b[0]), 0);
            _enclosingHeight = Math.Max(Math.Max(a[3], b[3]) - Math.Min(a[1], b[1]), 0);
            float enclosing = _enclosingWidth * _enclosingHeight;
            _isEnclosingFree = enclosing > Eps;
            _enclosing = Math.Max(enclosing, Eps);
            Value -= (_enclosing - _union) / _enclosing;
        }

        public void Backward(float* a, float* b, OverlapMode mode, float dy, float* da, float* db)
        {
            float doverlap = dy / _union, dunion = -dy * _overlap / (_union * _union), denclosing = 0;
            if (mode == OverlapMode.Generalized)
            {
                // −(e − u) / e = u / e − 1.
                dunion += dy / _enclosing;
                denclosing = _isEnclosingFree ? -dy * _union / (_enclosing * _enclosing) : 0;
            }

            dunion = _isUnionFree ? dunion : 0;
            AddArea(a, dunion, da);
            if (mode != OverlapMode.IntersectionOverFirst)
            {
                AddArea(b, dunion, db);
                doverlap -= dunion;
            }

            float dwidth = _isWide ? doverlap * _height : 0, dheight = _isHigh ? doverlap * _width : 0;
            AddSmaller(a, b, 2, dwidth, da, db);
            AddLarger(a, b, 0, -dwidth, da, db);
            AddSmaller(a, b, 3, dheight, da, db);
            AddLarger(a, b, 1, -dheight, da, db);
            if (denclosing == 0)
                return;
            AddLarger(a, b, 2, denclosing * _enclosingHeight, da, db);
            AddSmaller(a, b, 0, -denclosing * _enclosingHeight, da, db);
            AddLarger(a, b, 3, denclosing * _enclosingWidth, da, db);
            AddSmaller(a, b, 1, -denclosing * _enclosingWidth, da, db);
        }

        private static void AddArea(float* box, float gradient, float* target)
        {
            float dwidth = gradient * (box[3] - box[1]), dheight = gradient * (box[2] - box[0]);
            target[0] -= dwidth;
            target[1] -= dheight;
            target[2] += dwidth;
            target[3] += dheight;
        }

        private static void AddLarger(float* a, float* b, int at, float gradient, float* da, float* db)
        {
            float share = a[at] > b[at] ? 1 : a[at] < b[at] ? 0 : 0.5f;
            da[at] += share * gradient;
            db[at] += (1 - share) * gradient;
        }

        private static void AddSmaller(float* a, float* b, int at, float gradient, float* da, float* db)
        {
            float share = a[at] < b[at] ? 1 : a[at] > b[at] ? 0 : 0.5f;
            da[at] += share * gradient;
            db[at] += (1 - share) * gradient;
        }
    }
}

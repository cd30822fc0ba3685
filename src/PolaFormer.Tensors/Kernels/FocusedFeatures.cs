using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// φ(x) = uᵖ·‖u‖/‖uᵖ‖ of u = (max(x + position, 0) + 10⁻⁶)·s, lengths over all channels of a token.
/// </summary>
/// <remarks>
/// With the direction w = u/‖u‖, a = wᵖ and A = ‖a‖, φ = a·‖u‖/A. For the gradient G of φ and D = G·φ:
/// ∂u = p·wᵖ⁻¹/A·(G − φ·D/‖u‖²) + w·D/‖u‖.
/// </remarks>
/// <param name="inverseScale">s, a factor of each channel.</param>
/// <param name="power">p.</param>
internal readonly unsafe struct FocusedFeatures(float* inverseScale, float power) : IFeatureMap
{
    private const float Shift = 1e-6f;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Map<T>(in FeatureRows rows) where T : unmanaged, IFloat32Vector<T>
    {
        for (int row = 0; row < rows.Count; row++)
        {
            float* features = rows.Features + (row * rows.FeatureStride);
            float length = Lengths<T>(rows, row, features, out float raised);
            T direction = T.Create(1 / length), factor = T.Create(length / raised);
            for (int c = 0; c < rows.Channels; c += T.Count)
                T.Store(Raised(T.Load(features + c) * direction) * factor, features + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward<T>(in FeatureRows rows, float* dFeatures, float* dX, nint dXStride, float* dScale) where T : unmanaged, IFloat32Vector<T>
    {
        for (int row = 0; row < rows.Count; row++, dFeatures += rows.FeatureStride, dX += dXStride)
        {
            float* features = rows.Features + (row * rows.FeatureStride), x = rows.X + (row * rows.Stride);
            float* position = rows.Position == null ? null : rows.Position + ((nint)row * rows.Channels);
            T dot = T.Zero;
            for (int c = 0; c < rows.Channels; c += T.Count)
                dot = T.MultiplyAdd(T.Load(dFeatures + c), T.Load(features + c), dot);

            // The features make way for u once their part of the gradient is taken.
            float product = T.Sum(dot);
            float squared = SquaredLength<T>(rows, row);
            T along = T.Create(product / squared);
            for (int c = 0; c < rows.Channels; c += T.Count)
                T.Store(T.Load(dFeatures + c) - (T.Load(features + c) * along), dFeatures + c);
            float length = Lengths<T>(rows, row, features, out float raised);
            T direction = T.Create(1 / length), slope = T.Create(power / raised), stretch = T.Create(product / length);
            for (int c = 0; c < rows.Channels; c += T.Count)
            {
                T token = Token<T>(x, position, c);
                T w = T.Load(features + c) * direction;
                T dU = T.MultiplyAdd(Root(w) * slope, T.Load(dFeatures + c), w * stretch);
                T.Store(T.Select(T.GreaterThan(token, T.Zero), dU * T.Load(inverseScale + c), T.Zero), dX + c);
                T.Store(T.MultiplyAdd(dU, T.Max(token, T.Zero) + T.Create(Shift), T.Load(dScale + c)), dScale + c);
            }
        }
    }

    /// <summary>Writes u; returns ‖u‖ and gives ‖(u/‖u‖)ᵖ‖. The direction first: (10⁻⁶)³ squared would leave float32, and no direction's cube is shorter than 1/C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Lengths<T>(in FeatureRows rows, int row, float* u, out float raised) where T : unmanaged, IFloat32Vector<T>
    {
        float* x = rows.X + (row * rows.Stride);
        float* position = rows.Position == null ? null : rows.Position + ((nint)row * rows.Channels);
        T squares = T.Zero, powers = T.Zero;
        for (int c = 0; c < rows.Channels; c += T.Count)
        {
            T value = U<T>(x, position, c);
            T.Store(value, u + c);
            squares = T.MultiplyAdd(value, value, squares);
        }

        float length = MathF.Sqrt(T.Sum(squares));
        T direction = T.Create(1 / length);
        for (int c = 0; c < rows.Channels; c += T.Count)
        {
            T value = Raised(T.Load(u + c) * direction);
            powers = T.MultiplyAdd(value, value, powers);
        }

        raised = MathF.Sqrt(T.Sum(powers));
        return length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float SquaredLength<T>(in FeatureRows rows, int row) where T : unmanaged, IFloat32Vector<T>
    {
        float* x = rows.X + (row * rows.Stride);
        float* position = rows.Position == null ? null : rows.Position + ((nint)row * rows.Channels);
        T squares = T.Zero;
        for (int c = 0; c < rows.Channels; c += T.Count)
        {
            T value = U<T>(x, position, c);
            squares = T.MultiplyAdd(value, value, squares);
        }

        return T.Sum(squares);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T U<T>(float* x, float* position, int c) where T : unmanaged, IFloat32Vector<T> =>
        (T.Max(Token<T>(x, position, c), T.Zero) + T.Create(Shift)) * T.Load(inverseScale + c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Token<T>(float* x, float* position, int c) where T : unmanaged, IFloat32Vector<T> =>
        position == null ? T.Load(x + c) : T.Load(x + c) + T.Load(position + c);

    /// <summary>wᵖ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Raised<T>(T w) where T : unmanaged, IFloat32Vector<T> => power == 3 ? w * w * w : VectorMath.Pow(w, T.Create(power));

    /// <summary>wᵖ⁻¹.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Root<T>(T w) where T : unmanaged, IFloat32Vector<T> => power == 3 ? w * w : VectorMath.Pow(w, T.Create(power - 1));
}

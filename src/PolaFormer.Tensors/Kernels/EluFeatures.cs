using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors.Kernels;

/// <summary>φ(x) = elu(x) + 1: x + 1 above 0, else eˣ.</summary>
internal readonly unsafe struct EluFeatures : IFeatureMap
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Map<T>(in FeatureRows rows) where T : unmanaged, IFloat32Vector<T>
    {
        float* x = rows.X, features = rows.Features;
        for (int row = 0; row < rows.Count; row++, x += rows.Stride, features += rows.FeatureStride)
        {
            for (int c = 0; c < rows.Channels; c += T.Count)
            {
                T value = T.Load(x + c);
                T.Store(T.Select(T.GreaterThan(value, T.Zero), value + T.Create(1), VectorMath.Exp(value)), features + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward<T>(in FeatureRows rows, float* dFeatures, float* dX, nint dXStride, float* dScale) where T : unmanaged, IFloat32Vector<T>
    {
        float* x = rows.X, features = rows.Features;
        for (int row = 0; row < rows.Count; row++, x += rows.Stride, features += rows.FeatureStride, dFeatures += rows.FeatureStride, dX += dXStride)
        {
            for (int c = 0; c < rows.Channels; c += T.Count)
            {
                T slope = T.Select(T.GreaterThan(T.Load(x + c), T.Zero), T.Create(1), T.Load(features + c));
                T.Store(T.Load(dFeatures + c) * slope, dX + c);
            }
        }
    }
}

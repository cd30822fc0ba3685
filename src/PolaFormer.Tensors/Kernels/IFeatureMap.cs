namespace PolaFormer.Tensors.Kernels;

/// <summary>A map of tokens to non-negative features, as many as channels, for linear attention.</summary>
internal unsafe interface IFeatureMap
{
    /// <summary>Writes the features.</summary>
    void Map<T>(in FeatureRows rows) where T : unmanaged, IFloat32Vector<T>;

    /// <summary>
    /// The gradients of the tokens from those of the features, whose rows lie as the features do; adds ∂L/∂s of each channel to
    /// <paramref name="dScale"/> where the map has factors of channels.
    /// </summary>
    void Backward<T>(in FeatureRows rows, float* dFeatures, float* dX, nint dXStride, float* dScale) where T : unmanaged, IFloat32Vector<T>;
}

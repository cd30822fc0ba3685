namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Queries, keys and values of attention. Heads are column blocks of <see cref="HeadDim"/> floats in every row; rows and images lie any
/// number of floats apart, so q, k and v may be column slices of one projection.
/// </summary>
internal struct AttentionRows
{
    /// <summary>Images or windows B, heads, channels per head d, query tokens N, key tokens n; all at least 1.</summary>
    public int Batch, Heads, HeadDim, Queries, Keys;

    /// <summary>q (B × N × C), k and v (B × n × C) with C = heads·d.</summary>
    public Rows Q, K, V;
}

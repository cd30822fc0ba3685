using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors;

// Attention; formulas, gradients and compositions are in Ops/.
public unsafe partial class Tensor
{
    /// <summary>Polarity-aware linear attention; see <see cref="Ops.PolarityAttention"/> for the formula.</summary>
    /// <param name="query">(B, …N, C).</param>
    /// <param name="key">(B, …n, C), without positional encoding.</param>
    /// <param name="value">(B, …n, C).</param>
    /// <param name="positionalEncoding">(1, n, C), added to the keys, or none.</param>
    /// <param name="inverseScale">(C) or (1, 1, C), factor of queries and keys.</param>
    /// <param name="exponent">C values of any shape, at least 1.</param>
    /// <param name="numHeads">Heads; C / numHeads is at least 2; of an odd number, same-signed pairs read one value more.</param>
    /// <param name="mask">(B, n): 0 for padding, whose keys and values do not count, else 1, or none; a constant.</param>
    /// <returns>(B, N, C).</returns>
    public static Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor? positionalEncoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor? mask = null) =>
        Ops.PolarityAttention.Forward(query, key, value, positionalEncoding, inverseScale, exponent, numHeads, mask);

    /// <summary>The linear attention of PolaFormer++; see <see cref="Ops.PolarityAttentionPlusPlus"/> for the formula.</summary>
    /// <param name="query">(B, …N, C).</param>
    /// <param name="key">(B, …N, C).</param>
    /// <param name="value">(B, …N, C).</param>
    /// <param name="sameTemperature">2·C values of any shape: factor of [q₊, q₋] of each head in the exponential.</param>
    /// <param name="oppositeTemperature">2·C values: factor of [q₋, q₊].</param>
    /// <param name="sin">(N, 2·C / numHeads): sines of the rotary encoding.</param>
    /// <param name="cos">(N, 2·C / numHeads): cosines.</param>
    /// <param name="numHeads">Heads; C / numHeads is at least 2; of an odd number, same-signed pairs read one value more.</param>
    /// <returns>(B, N, C).</returns>
    public static Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor sameTemperature, Tensor oppositeTemperature, Tensor sin, Tensor cos, int numHeads) =>
        Ops.PolarityAttentionPlusPlus.Forward(query, key, value, sameTemperature, oppositeTemperature, sin, cos, numHeads);

    /// <summary>Linear attention with the features elu(x) + 1; see <see cref="Ops.LinearAttention"/> for the formula.</summary>
    /// <param name="query">(B, …N, C).</param>
    /// <param name="key">(B, …n, C).</param>
    /// <param name="value">(B, …n, C).</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="epsilon">Added to the normaliser φ(q)·Σφ(k).</param>
    /// <param name="mask">(B, n): factor of each key, 0 for padding, or none; a constant.</param>
    /// <returns>(B, N, C).</returns>
    public static Tensor EluAttention(Columns query, Columns key, Columns value, int numHeads, float epsilon, Tensor? mask = null) =>
        Ops.LinearAttention.Forward(query, key, value, null, null, 1, numHeads, epsilon, mask);

    /// <summary>Linear attention with focused features; see <see cref="Ops.LinearAttention"/> for the formula.</summary>
    /// <param name="query">(B, …N, C).</param>
    /// <param name="key">(B, …n, C), without positional encoding.</param>
    /// <param name="value">(B, …n, C).</param>
    /// <param name="positionalEncoding">(1, n, C), added to the keys, or none.</param>
    /// <param name="inverseScale">(C) or (1, 1, C), factor of the rectified queries and keys.</param>
    /// <param name="power">The focusing factor p.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="epsilon">Added to the normaliser φ(q)·Σφ(k).</param>
    /// <param name="mask">(B, n): factor of each key, 0 for padding, or none; a constant.</param>
    /// <returns>(B, N, C).</returns>
    public static Tensor FocusedAttention(Columns query, Columns key, Columns value, Tensor? positionalEncoding, Tensor inverseScale, float power, int numHeads, float epsilon, Tensor? mask = null) =>
        Ops.LinearAttention.Forward(query, key, value, positionalEncoding, inverseScale, power, numHeads, epsilon, mask);

    /// <summary>softmax(scale·q·kᵀ + bias + mask)·v per head.</summary>
    /// <param name="query">(B, …N, C).</param>
    /// <param name="key">(B, …n, C).</param>
    /// <param name="value">(B, …n, C).</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="bias">(numHeads, N, n), or none.</param>
    /// <param name="mask">(G, N, n), or (G, 1, n) where it is the same for every query: added to the scores of batch entries i with i mod G, or none; a constant.</param>
    /// <param name="drop">Chance in [0, 1) that a weight is set to 0, the others being divided by its complement, and the generator that decides; or none.</param>
    /// <returns>(B, N, C).</returns>
    public static Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias = null, Tensor? mask = null, (float Probability, Philox Generator)? drop = null) =>
        Ops.SoftmaxAttention.Forward(query, key, value, numHeads, scale, bias, mask, drop);

    /// <summary>Turns neighbouring channel pairs: y = x·cos + rotate(x)·sin with rotate(x₀, x₁) = (−x₁, x₀).</summary>
    /// <param name="x">(B, …N, C).</param>
    /// <param name="sin">(N, C / numHeads), the same for every head; a constant.</param>
    /// <param name="cos">(N, C / numHeads).</param>
    /// <param name="numHeads">Heads.</param>
    /// <returns>(B, N, C).</returns>
    public static Tensor Rotate(Columns x, Tensor sin, Tensor cos, int numHeads) => Ops.Rotate.Forward(x, sin, cos, numHeads);
}

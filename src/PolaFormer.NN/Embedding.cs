using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>A vector for each number: Int64 (…) → (…, width).</summary>
public sealed class Embedding : Module
{
    /// <summary>Makes the table; it starts from a normal distribution of deviation 0.02.</summary>
    /// <param name="count">Numbers, from 0.</param>
    /// <param name="width">Length of a vector.</param>
    public Embedding(int count, int width) => Weight = AddParameter("weight", [count, width], Initializer.TruncatedNormal);

    /// <summary>The vectors, (count, width).</summary>
    public Parameter Weight { get; }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Weight.Embedding(x);
}

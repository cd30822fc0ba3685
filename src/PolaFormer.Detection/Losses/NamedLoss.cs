using PolaFormer.Tensors;

namespace PolaFormer.Detection.Losses;

/// <summary>A loss or figure of a training step by mmdetection's name; what counts has "loss" in it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Values">Scalars: one, or one for each level of a pyramid.</param>
public sealed record NamedLoss(string Name, params IReadOnlyList<Tensor> Values)
{
    /// <summary>Whether the value is trained; else it is told alone.</summary>
    public bool Counts => Name.Contains("loss", StringComparison.Ordinal);

    /// <summary>The sum over levels.</summary>
    public Tensor Sum() => Values.Skip(1).Aggregate(Values[0], (sum, value) => sum + value);

    /// <summary>The sum of what counts.</summary>
    public static Tensor Total(IEnumerable<NamedLoss> losses) => losses.Where(loss => loss.Counts).Select(loss => loss.Sum()).Aggregate((sum, value) => sum + value);
}

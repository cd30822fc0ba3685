using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Projections around a mechanism, which is an inline part: tokens (B, H, W, C) of a grid, or (B, N, C) of whatever the mechanism was
/// made for, to as many. Derived types are the hosts' own layers, with their names of parameters.
/// </summary>
public abstract class AttentionLayer : ProjectedModule
{
    /// <summary>Starts a layer.</summary>
    /// <param name="mechanism">What mixes the tokens; the derived type adds it inline in its place among the parts.</param>
    protected AttentionLayer(AttentionMechanism mechanism) => Mechanism = mechanism;

    /// <summary>What mixes the tokens.</summary>
    public AttentionMechanism Mechanism { get; }

    /// <summary>Whether the mechanism needs a gate, which the layer then projects beside the queries.</summary>
    protected bool IsGated => Mechanism.Traits.HasFlag(AttentionTraits.Gated);

    /// <summary>Queries, keys and values with the place of the layer's tokens.</summary>
    /// <param name="x">The layer's input, (B, H, W, C) or (B, N, C).</param>
    /// <param name="query">Queries of its tokens.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values.</param>
    protected AttentionInputs Inputs(Tensor x, Columns query, Columns key, Columns value)
    {
        var inputs = new AttentionInputs(query, key, value);
        if (x.Rank == 4)
            return inputs with { Height = x.Shape[1], Width = x.Shape[2] };

        // The grid of tokens behind a prefix is known for the size that the mechanism was made for.
        bool isKnown = x.Shape[1] == Mechanism.Shape.Tokens;
        return inputs with
        {
            Height = isKnown ? Mechanism.Shape.Height : 0,
            Width = isKnown ? Mechanism.Shape.Width : 0,
            PrefixTokens = Mechanism.Shape.PrefixTokens,
        };
    }
}

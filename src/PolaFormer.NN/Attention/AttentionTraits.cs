namespace PolaFormer.NN.Attention;

/// <summary>What a mechanism can do, and what it needs.</summary>
[Flags]
public enum AttentionTraits
{
    /// <summary>Nothing beyond a sequence that attends to itself.</summary>
    None = 0,

    /// <summary>Takes <see cref="AttentionInputs.Mask"/>.</summary>
    Masked = 1,

    /// <summary>Takes <see cref="AttentionInputs.IsCausal"/>.</summary>
    Causal = 2,

    /// <summary>Takes keys and values of other tokens than the queries, any number of them.</summary>
    CrossAttention = 4,

    /// <summary>Permuting the tokens permutes the result and changes nothing else.</summary>
    PermutationEquivariant = 8,

    /// <summary>Needs the grid of the tokens.</summary>
    Grid = 16,

    /// <summary>Has parameters for each token: works for the number of tokens that it was made for.</summary>
    FixedLength = 32,

    /// <summary>Draws random numbers; with the same seed it draws the same.</summary>
    Random = 64,

    /// <summary>Needs <see cref="AttentionInputs.Gate"/>, which the layer projects from its tokens.</summary>
    Gated = 128,

    /// <summary>Applies <see cref="AttentionInputs.Rotary"/> to its own features; of other mechanisms the layer turns queries and keys.</summary>
    Rotary = 256,

    /// <summary>Parameters for each token belong to places of the grid: those of another grid than it was made for are interpolated. Lifts <see cref="FixedLength"/> where the inputs have a grid.</summary>
    Interpolated = 512,
}

using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// One joint projection of queries, keys and values, and of a gate for a mechanism that asks for one: the attention layer of
/// Swin's windows and of DeiT. (B, H, W, C) or (B, N, C) → the same.
/// </summary>
public sealed class SelfAttention : AttentionLayer
{
    private readonly Linear _joint;

    /// <summary>Makes the layer.</summary>
    /// <param name="mechanism">What mixes the tokens.</param>
    /// <param name="qkvBias">Whether the joint projection has a bias.</param>
    public SelfAttention(AttentionMechanism mechanism, bool qkvBias = true)
        : base(mechanism)
    {
        int dim = mechanism.Shape.Dim;
        _joint = IsGated
            ? AddChild("qkvg", new Linear(dim, 4 * dim, qkvBias, Linear.TransformerInitialization))
            : AddChild("qkv", new Linear(dim, 3 * dim, qkvBias, Linear.TransformerInitialization));
        Projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
        AddInline(mechanism);
    }

    /// <summary>
    /// Added to the scores, (windows of an image, N, N): 0 within a region, −100 between regions that only a cyclic shift has
    /// brought together. Null where windows are not shifted.
    /// </summary>
    public Tensor? ScoreMask { get; init; }

    /// <summary>Where the windows that stand in the batch lie in the image; none where an entry of the batch is an image.</summary>
    public WindowGrid? Windows { get; init; }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[-1];
        Tensor joint = _joint.Forward(x);
        AttentionInputs inputs = Inputs(x, new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim)) with { ScoreMask = ScoreMask, Windows = Windows };
        if (IsGated)
            inputs = inputs with { Gate = new Columns(joint, 3 * dim, dim) };
        return Mechanism.Attend(inputs).Reshape(x.Shape);
    }
}

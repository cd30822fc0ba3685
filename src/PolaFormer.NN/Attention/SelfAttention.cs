using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// One joint projection of queries, keys and values, and of a gate for a mechanism that needs one: the attention layer of
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

    /// <summary>Applies the layer to windows in the batch dimension.</summary>
    /// <param name="windows">(B·windows, w, w, C).</param>
    /// <param name="grid">Where the windows lie in the image.</param>
    /// <param name="scoreMask">
    /// Added to the scores, (windows of an image, N, N): 0 within a region, −100 between regions that only a cyclic shift has
    /// brought together. Null where windows are not shifted.
    /// </param>
    public Tensor Forward(Tensor windows, WindowGrid grid, Tensor? scoreMask) => Call(
        new Pass(this, windows, grid, scoreMask),
        static pass => pass.Layer.Project(pass.Layer.Mix(pass.X, pass.Windows, pass.ScoreMask)),
        windows,
        scoreMask);

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x) => Mix(x, null, null);

    private Tensor Mix(Tensor x, WindowGrid? windows, Tensor? scoreMask)
    {
        int dim = x.Shape[-1];
        Tensor joint = _joint.Forward(x);
        AttentionInputs inputs = Inputs(x, new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim)) with { ScoreMask = scoreMask, Windows = windows };
        if (IsGated)
            inputs = inputs with { Gate = new Columns(joint, 3 * dim, dim) };
        return Mechanism.Attend(inputs).Reshape(x.Shape);
    }

    private readonly record struct Pass(SelfAttention Layer, Tensor X, WindowGrid Windows, Tensor? ScoreMask);
}

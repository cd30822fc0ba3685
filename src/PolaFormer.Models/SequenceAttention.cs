using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>Projections around a mechanism, and one of the gate where it asks for it, by the names of the Skyformer repository: (B, N, C) and a mask (B, N) → (B, N, C), or rows (T, C) → (T, C).</summary>
internal sealed class SequenceAttention : Module
{
    private readonly Linear _query, _key, _value, _output;
    private readonly Linear? _gate;
    private readonly AttentionMechanism _mechanism;

    public SequenceAttention(int dim, AttentionMechanism mechanism)
    {
        int inner = mechanism.Shape.Dim;
        _query = AddChild("W_q", new Linear(dim, inner));
        _key = AddChild("W_k", new Linear(dim, inner));
        _value = AddChild("W_v", new Linear(dim, inner));
        if (mechanism.Traits.HasFlag(AttentionTraits.Gated))
            _gate = AddChild("W_g", new Linear(dim, inner));
        _mechanism = AddChild("attn", mechanism);
        _output = AddChild("ff", new Linear(inner, dim));
    }

    /// <summary>Whether nothing of padding reaches the tokens.</summary>
    public bool LeavesPaddingOut => IsMasked && !_mechanism.SeesQueriesOfPadding;

    // Padding counts as tokens otherwise.
    private bool IsMasked => _mechanism.Traits.HasFlag(AttentionTraits.Masked);

    /// <summary>Attends.</summary>
    /// <param name="x">(B, N, C); (T, C) where there are <paramref name="rows"/>.</param>
    /// <param name="mask">(B, N): 1 for a token, 0 for padding.</param>
    /// <param name="rows">The tokens that are rows of <paramref name="x"/>; the mechanism leaves padding out then.</param>
    public Tensor Forward(Tensor x, Tensor mask, TokenRows? rows) => Call((Layer: this, X: x, Mask: mask, Rows: rows), static call => call.Layer.Run(call.X, call.Mask, call.Rows), x, mask);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, Tensor.Full([x.Shape[0], x.Shape[1]], 1, x.Device), null);

    private Tensor Run(Tensor x, Tensor mask, TokenRows? rows)
    {
        var inputs = new AttentionInputs(Placed(_query), Placed(_key), Placed(_value))
        {
            Mask = IsMasked ? mask : null,
            Gate = _gate is null ? default(Columns?) : Placed(_gate),
        };
        Tensor attended = _mechanism.Attend(inputs);
        return _output.Forward(rows is null ? attended : rows.Take(attended));

        Tensor Placed(Linear projection) => rows is null ? projection.Forward(x) : rows.Place(projection.Forward(x));
    }
}

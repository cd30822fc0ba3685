using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>Projections around a mechanism, and one of the gate where it asks for it, by the names of the Skyformer repository: (B, N, C) and a mask (B, N) → (B, N, C).</summary>
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

    /// <summary>Attends; a mechanism that knows no padding takes it for tokens.</summary>
    public Tensor Forward(Tensor x, Tensor mask) => Call((Layer: this, X: x, Mask: mask), static call => call.Layer.Run(call.X, call.Mask), x, mask);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, Tensor.Full([x.Shape[0], x.Shape[1]], 1, x.Device));

    private Tensor Run(Tensor x, Tensor mask)
    {
        bool isMasked = _mechanism.Traits.HasFlag(AttentionTraits.Masked);
        var inputs = new AttentionInputs(_query.Forward(x), _key.Forward(x), _value.Forward(x))
        {
            Mask = isMasked ? mask : null,
            Gate = _gate is null ? default(Columns?) : _gate.Forward(x),
        };
        return _output.Forward(_mechanism.Attend(inputs));
    }
}

using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>A pre-norm block of the Skyformer repository: x + attention(norm(x)), then x + feed-forward(norm(x)).</summary>
internal sealed class SequenceBlock : Module
{
    private readonly LayerNorm _norm1, _norm2;
    private readonly SequenceAttention _attention;
    private readonly Linear _hidden, _output;
    private readonly Dropout _dropout, _hiddenDropout, _outputDropout;

    public SequenceBlock(SequenceClassifierConfig config, AttentionMechanism mechanism)
    {
        _norm1 = AddChild("norm1", new LayerNorm(config.Dim));
        _attention = AddChild("mha", new SequenceAttention(config.Dim, mechanism));
        _dropout = AddChild("dropout1", new Dropout(config.DropRate));
        _norm2 = AddChild("norm2", new LayerNorm(config.Dim));
        _hidden = AddChild("mlpblock.0", new Linear(config.Dim, config.HiddenDim));
        _hiddenDropout = AddChild("mlpblock.2", new Dropout(config.DropRate));
        _output = AddChild("mlpblock.3", new Linear(config.HiddenDim, config.Dim));
        _outputDropout = AddChild("mlpblock.4", new Dropout(config.DropRate));
    }

    /// <summary>Whether nothing of padding reaches the tokens.</summary>
    public bool LeavesPaddingOut => _attention.LeavesPaddingOut;

    /// <summary>Applies the block.</summary>
    /// <inheritdoc cref="SequenceAttention.Forward(Tensor, Tensor, TokenRows?)"/>
    public Tensor Forward(Tensor x, Tensor mask, TokenRows? rows) => Call((Block: this, X: x, Mask: mask, Rows: rows), static call => call.Block.Run(call.X, call.Mask, call.Rows), x, mask);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, Tensor.Full([x.Shape[0], x.Shape[1]], 1, x.Device), null);

    private Tensor Run(Tensor x, Tensor mask, TokenRows? rows)
    {
        x += _dropout.Forward(_attention.Forward(_norm1.Forward(x), mask, rows));
        return x + _outputDropout.Forward(_norm2.Forward(x).FeedForward(_hidden.Weight, _hidden.Bias, Activation.Gelu, _output.Weight, _output.Bias, dropout: _hiddenDropout.Draws));
    }
}

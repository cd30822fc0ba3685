using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// Embeddings, blocks and a norm, with padding set to zero: Int64 (B, N) → (B, N, C). Token 0 is padding, in images, too, where
/// it is black, as in the Skyformer repository.
/// </summary>
internal sealed class SequenceEncoder : Module
{
    private readonly SequenceClassifierConfig _config;
    private readonly Embedding _words, _positions;
    private readonly Dropout _dropout;
    private readonly SequenceBlock[] _blocks;
    private readonly LayerNorm _norm;

    public SequenceEncoder(SequenceClassifierConfig config, Func<AttentionShape, AttentionMechanism> attention)
    {
        _config = config;
        _words = AddChild("embeddings.word_embeddings", new Embedding(config.VocabularySize, config.Dim));
        _positions = AddChild("embeddings.position_embeddings", new Embedding(config.MaxLength, config.Dim));
        _dropout = AddChild("embeddings.dropout", new Dropout(config.DropRate));
        _blocks = new SequenceBlock[config.NumLayers];
        for (int i = 0; i < _blocks.Length; i++)
        {
            var shape = new AttentionShape(config.NumHeads * config.HeadDim, config.NumHeads, config.MaxLength) { IsSequence = true, Seed = (ulong)i, RedrawsInTraining = true, WeightDropRate = config.AttentionDropRate };
            _blocks[i] = i > 0 && config.SharesLayers
                ? _blocks[0]
                : AddChild(config.SharesLayers ? "transformer" : $"transformer_{i}", new SequenceBlock(config, attention(shape)));
        }

        _norm = AddChild("norm", new LayerNorm(config.Dim));
    }

    /// <summary>Encodes.</summary>
    /// <param name="x">Int64 (B, N).</param>
    /// <param name="rows">The tokens that are no padding, where padding is not to be computed; ignored where it counts.</param>
    public Tensor Forward(Tensor x, TokenRows? rows) => Call((Encoder: this, X: x, Rows: rows), static call => call.Encoder.Run(call.X, call.Rows), x);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, null);

    private Tensor Run(Tensor x, TokenRows? rows)
    {
        if (x.Rank != 2 || x.DType != DType.Int64 || x.Shape[1] > _config.MaxLength)
            throw new ArgumentException($"The classifier takes Int64 tokens (B, N) with N up to {_config.MaxLength}; got {x.DType} {x.Shape}.", nameof(x));
        Tensor tokens = _config.UsesClassToken ? Classed(x) : x, mask = MaskOf(tokens);
        if (_config.UsesClassToken || !_blocks.All(block => block.LeavesPaddingOut))
            rows = null;
        Tensor y = _dropout.Forward(rows is null ? _words.Forward(tokens) + _positions.Weight.Slice(0, 0, x.Shape[1]) : _words.Forward(rows.Ids) + _positions.Forward(rows.Positions));
        foreach (SequenceBlock block in _blocks)
            y = block.Forward(y, mask, rows);
        y = _norm.Forward(y);
        return (rows is null ? y : rows.Place(y)) * mask.Reshape(x.Shape[0], x.Shape[1], 1);
    }

    // The class token first, and as many tokens as before.
    private Tensor Classed(Tensor tokens)
    {
        long[] classes = new long[tokens.Shape[0]];
        Array.Fill(classes, _config.VocabularySize - 1);
        Tensor first = Tensor.From(classes, [classes.Length, 1], tokens.Device);
        return Tensor.Concat(1, first, tokens.Slice(1, 0, tokens.Shape[1] - 1));
    }

    // 1 for a token, 0 for padding.
    private static Tensor MaskOf(Tensor tokens) => tokens.To(DType.Float32).Compare(Comparison.NotEqual, 0);
}

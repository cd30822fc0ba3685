using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Longformer (Beltagy et al., 2020, https://arxiv.org/abs/2004.05150; longformer/longformer.py, LongformerSelfAttention):
/// softmax over the w tokens on either side and g global tokens; global tokens attend to all. Windows come as blocks of w
/// queries with three blocks of keys. Rows of padding are zero. Time N·(3·w + g)·C, memory N·(3·w + g).
/// </summary>
public sealed class LongformerAttention : AttentionMechanism
{
    private readonly int _window;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="window">Tokens w on either side; an eighth of the tokens, 64 at most, where null.</param>
    public LongformerAttention(AttentionShape shape, int? window = null)
        : base(shape)
    {
        _window = window ?? TokenBlocks.DefaultSize(shape.Tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(_window, 1, nameof(window));
    }

    /// <summary>Numbers of the global tokens; the first unless set.</summary>
    public IReadOnlyList<int> GlobalTokens { get; init; } = [0];

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Masked;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long global = GlobalTokens.Count, scores = ((long)TokenBlocks.Count(queries, _window) * _window * ((3 * _window) + global)) + (global * keys);
        return new AttentionCost(2 * scores * Shape.Dim, sizeof(float) * Shape.NumHeads * scores);
    }

    /// <summary>Attends with projections of their own for the queries of global tokens and what those attend to, as the authors have them.</summary>
    /// <param name="inputs">Of the windows.</param>
    /// <param name="global">Of the global tokens, for all tokens.</param>
    public Tensor Attend(AttentionInputs inputs, AttentionInputs global) => Call(
        (Mechanism: this, Inputs: inputs, Global: global),
        static call => call.Mechanism.RunMix(call.Inputs, call.Global),
        inputs.Query.Source,
        inputs.Key.Source,
        inputs.Value.Source,
        inputs.Mask,
        global.Query.Source,
        global.Key.Source,
        global.Value.Source);

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs) => RunMix(inputs, inputs);

    private Tensor RunMix(AttentionInputs inputs, AttentionInputs global)
    {
        Tensor query = Tokens(inputs.Query), local = Windows(query, Tokens(inputs.Key), Tokens(inputs.Value), inputs.Mask);
        (int batch, int tokens, int globals) = (query.Shape[0], query.Shape[1], GlobalTokens.Count);
        if (GlobalTokens.Any(token => token < 0 || token >= tokens))
            throw new ArgumentException($"Global tokens {string.Join(", ", GlobalTokens)} do not lie among {tokens} tokens.");
        if (inputs.Mask is { } mask)
            local *= mask.Reshape(batch, tokens, 1);
        if (globals == 0)
            return local;

        Tensor? excluded = inputs.Mask is null ? null : ScoreMask.Of((1, 1, tokens), tokens, inputs.Mask, (_, token) => token, null, query.Device);
        Tensor rows = Tensor.SoftmaxAttention(
            TokenGather.Take(Tokens(global.Query), globals, i => GlobalTokens[i]), global.Key, global.Value, Shape.NumHeads, 1 / MathF.Sqrt(Shape.HeadDim), mask: excluded);
        int[] row = [.. Enumerable.Range(0, tokens)];
        for (int i = 0; i < globals; i++)
            row[GlobalTokens[i]] = tokens + i;
        return TokenGather.Take(Tensor.Concat(1, local, rows), tokens, i => row[i]);
    }

    private Tensor Windows(Tensor query, Tensor key, Tensor value, Tensor? mask)
    {
        (int batch, int tokens, int globals) = (query.Shape[0], query.Shape[1], GlobalTokens.Count);
        int blocks = TokenBlocks.Count(tokens, _window), span = (3 * _window) + globals;
        HashSet<int> isGlobal = [.. GlobalTokens];

        // Columns of a block: the blocks before, at and after it, then the global tokens.
        int Token(int block, int column) => column < 3 * _window ? ((block - 1) * _window) + column : GlobalTokens[column - (3 * _window)];

        bool Attends(int block, int row, int column)
        {
            int token = Token(block, column), distance = Math.Abs(token - (block * _window) - row);
            return column >= 3 * _window || (distance <= _window && !isGlobal.Contains(token));
        }

        Tensor Spans(Tensor x) => TokenGather.Take(x, blocks * span, i => Math.Clamp(Token(i / span, i % span), 0, tokens - 1)).Reshape(batch * blocks, span, Shape.Dim);

        Tensor excluded = ScoreMask.Of((blocks, _window, span), tokens, mask, Token, Attends, query.Device);
        Tensor queries = TokenGather.Pad(query, blocks * _window).Reshape(batch * blocks, _window, Shape.Dim);
        Tensor mixed = Tensor.SoftmaxAttention(queries, Spans(key), Spans(value), Shape.NumHeads, 1 / MathF.Sqrt(Shape.HeadDim), mask: excluded);
        return mixed.Reshape(batch, blocks * _window, Shape.Dim).Slice(1, 0, tokens);
    }
}

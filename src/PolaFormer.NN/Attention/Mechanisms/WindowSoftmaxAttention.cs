using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Softmax attention inside square windows with a learned bias for each relative position (Swin Transformer, Liu et al., ICCV
/// 2021, https://arxiv.org/abs/2103.14030): y = softmax(q·kᵀ/√d + bias)·v of each window of w×w tokens. A grid that is one window,
/// as those of Swin's blocks are, may have a score mask; a larger one is cut here, and padded at its right and lower edge by keys
/// that are masked. Tokens before the grid attend to every token, and every window attends to them. Time N·w²·C.
/// </summary>
public sealed class WindowSoftmaxAttention : AttentionMechanism
{
    private readonly int _window;
    private readonly Parameter _biasTable;
    private readonly Tensor _biasIndex;
    private Tensor? _bias;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">A grid of tokens.</param>
    /// <param name="windowSize">Side w of the window in tokens; a smaller grid is one window. Where null, 7, or the whole of what the host has cut.</param>
    public WindowSoftmaxAttention(AttentionShape shape, int? windowSize = null)
        : base(shape)
    {
        if (shape.Height < 1 || shape.Width < 1)
            throw new ArgumentException("Window attention cuts a grid of tokens; got a sequence.");
        int side = Math.Min(shape.Height, shape.Width);
        _window = Math.Min(windowSize ?? (shape.IsWindow ? side : 7), side);
        int span = (2 * _window) - 1;

        // Swin's authors exempt it from weight decay; the lists of other hosts' authors do not name it.
        StateTraits decay = shape.IsWindow ? StateTraits.NoDecay : StateTraits.None;
        _biasTable = AddParameter("relative_position_bias_table", [span * span, shape.NumHeads], Initializer.TruncatedNormal, StateTraits.Positions | decay);
        _biasIndex = AddBuffer("relative_position_index", RelativePositionIndex(_window), StateTraits.Derived);
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Grid;

    private float Scale => 1 / MathF.Sqrt(Shape.HeadDim);

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long area = _window * _window, prefix = Shape.PrefixTokens;
        long windows = (long)Windows(Shape.Height) * Windows(Shape.Width), pairs = (windows * area * (area + prefix)) + (prefix * queries);
        return new AttentionCost(2 * pairs * Shape.Dim, sizeof(float) * pairs * Shape.NumHeads);
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        Tensor bias = _bias ?? Bias();
        return inputs.PrefixTokens == 0 && inputs.Height == _window && inputs.Width == _window
            ? Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, Shape.NumHeads, Scale, bias, inputs.ScoreMask)
            : MixWindows(inputs, bias);
    }

    /// <inheritdoc/>
    protected override void OnOptimizeForInference() => _bias = MemoryScope.OutsideScopes(Bias);

    // (heads, w², w²).
    private Tensor Bias() => _biasTable.Embedding(_biasIndex).Permute(2, 0, 1);

    private Tensor MixWindows(AttentionInputs inputs, Tensor bias)
    {
        if (inputs.ScoreMask is not null)
            throw new ArgumentException("A score mask is for a grid that is one window.");
        Tensor query = Tokens(inputs.Query), key = Tokens(inputs.Key), value = Tokens(inputs.Value);
        (int batch, int dim, int prefix) = (query.Shape[0], query.Shape[2], inputs.PrefixTokens);
        int rows = Windows(inputs.Height), columns = Windows(inputs.Width), windows = rows * columns;
        if (prefix > 0)
            bias = Tensor.Concat(2, Tensor.Zeros([bias.Shape[0], bias.Shape[1], prefix], bias.Device), bias);
        Tensor mixed = Merged(Tensor.SoftmaxAttention(Cut(query), WithPrefix(key), WithPrefix(value), Shape.NumHeads, Scale, bias, PaddingMask(inputs.Height, inputs.Width, prefix, query.Device)));
        if (prefix == 0)
            return mixed;
        Tensor first = Tensor.SoftmaxAttention(query.Slice(1, 0, prefix), key, value, Shape.NumHeads, Scale);
        return Tensor.Concat(1, first, mixed);

        // (B, N, C) → (B·windows, w², C), those of an image in row order.
        Tensor Cut(Tensor tokens)
        {
            Tensor grid = tokens.Slice(1, prefix, inputs.Height * inputs.Width).Reshape(batch, inputs.Height, inputs.Width, dim);
            grid = Padded(Padded(grid, 1, rows * _window), 2, columns * _window);
            return grid.Reshape(batch, rows, _window, columns, _window, dim).Permute(0, 1, 3, 2, 4, 5).Reshape(batch * windows, _window * _window, dim);
        }

        Tensor WithPrefix(Tensor tokens)
        {
            if (prefix == 0)
                return Cut(tokens);
            Tensor repeated = tokens.Slice(1, 0, prefix).Reshape(batch, 1, prefix, dim) + Tensor.Zeros([1, windows, 1, 1], tokens.Device);
            return Tensor.Concat(1, repeated.Reshape(batch * windows, prefix, dim), Cut(tokens));
        }

        Tensor Merged(Tensor cut)
        {
            Tensor grid = cut.Reshape(batch, rows, columns, _window, _window, dim).Permute(0, 1, 3, 2, 4, 5).Reshape(batch, rows * _window, columns * _window, dim);
            return grid.Slice(1, 0, inputs.Height).Slice(2, 0, inputs.Width).Reshape(batch, -1, dim);
        }
    }

    private int Windows(int extent) => (extent + _window - 1) / _window;

    private static Tensor Padded(Tensor grid, int dimension, int extent) => grid.Shape[dimension] == extent
        ? grid
        : Tensor.Concat(dimension, grid, Tensor.Zeros(grid.Shape.With(dimension, extent - grid.Shape[dimension]), grid.Device));

    // (windows, 1, prefix + w²): −∞ for keys beyond the grid; none where windows tile it.
    private Tensor? PaddingMask(int height, int width, int prefix, Device device)
    {
        int columns = Windows(width), windows = Windows(height) * columns, keys = prefix + (_window * _window);
        if (height % _window == 0 && width % _window == 0)
            return null;
        float[] mask = new float[windows * keys];
        for (int i = 0; i < windows * _window * _window; i++)
        {
            (int window, int token) = Math.DivRem(i, _window * _window);
            int row = (window / columns * _window) + (token / _window), column = (window % columns * _window) + (token % _window);
            if (row >= height || column >= width)
                mask[(window * keys) + prefix + token] = float.NegativeInfinity;
        }

        return Tensor.From(mask, [windows, 1, keys], device);
    }

    /// <summary>For each pair of tokens of a w×w window, the row of the bias table of their offset: (w², w²).</summary>
    private static Tensor RelativePositionIndex(int windowSize)
    {
        int tokens = windowSize * windowSize, span = (2 * windowSize) - 1;
        long[] index = new long[tokens * tokens];
        for (int query = 0; query < tokens; query++)
        {
            for (int key = 0; key < tokens; key++)
            {
                int rows = (query / windowSize) - (key / windowSize) + windowSize - 1;
                int columns = (query % windowSize) - (key % windowSize) + windowSize - 1;
                index[(query * tokens) + key] = (rows * span) + columns;
            }
        }

        return Tensor.From(index, [tokens, tokens]);
    }
}

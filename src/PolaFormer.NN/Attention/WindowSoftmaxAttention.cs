using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>
/// Softmax attention inside windows with a learned bias for each relative position (Swin; models/pola_swin.py,
/// WindowAttention): softmax(q·kᵀ/√d + bias + mask)·v. (windows, w, w, C) → the same.
/// </summary>
public sealed class WindowSoftmaxAttention : ProjectedModule
{
    private readonly int _numHeads;
    private readonly Parameter _biasTable;
    private readonly Tensor _biasIndex;
    private readonly Linear _joint;

    /// <summary>Makes the layer.</summary>
    /// <param name="dim">Channels C.</param>
    /// <param name="windowSize">Side w of the window in tokens.</param>
    /// <param name="numHeads">Heads.</param>
    /// <param name="qkvBias">Whether the joint projection has a bias.</param>
    public WindowSoftmaxAttention(int dim, int windowSize, int numHeads, bool qkvBias = true)
    {
        _numHeads = numHeads;
        int span = (2 * windowSize) - 1;
        _biasTable = AddParameter("relative_position_bias_table", [span * span, numHeads], Initializer.TruncatedNormal);
        _biasIndex = AddBuffer("relative_position_index", RelativePositionIndex(windowSize));
        _joint = AddChild("qkv", new Linear(dim, 3 * dim, qkvBias, Linear.TransformerInitialization));
        Projection = AddChild("proj", new Linear(dim, dim, initialization: Linear.TransformerInitialization));
    }

    /// <summary>
    /// Added to the scores, (windows of an image, w², w²): 0 within a region, −100 between regions that only a cyclic shift
    /// has brought together. Null where windows are not shifted.
    /// </summary>
    public Tensor? Mask { get; set; }

    /// <inheritdoc/>
    protected override Linear Projection { get; }

    /// <inheritdoc/>
    protected override Tensor Mix(Tensor x)
    {
        int dim = x.Shape[3];
        Tensor joint = _joint.Forward(x);
        Tensor bias = _biasTable.Gather(_biasIndex).Permute(2, 0, 1);
        float scale = 1 / MathF.Sqrt(dim / _numHeads);
        Tensor attended = Tensor.SoftmaxAttention(
            new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim), _numHeads, scale, bias, Mask);
        return attended.Reshape(x.Shape);
    }

    /// <summary>For each pair of tokens of a w×w window, the row of the bias table of their offset: (w², w²).</summary>
    private static Tensor RelativePositionIndex(int windowSize)
    {
        int tokens = windowSize * windowSize, span = (2 * windowSize) - 1;
        Tensor index = Tensor.Empty([tokens, tokens], DType.Int64);
        if (index.Device is MetaDevice)
            return index;
        Span<long> values = index.AsSpan<long>();
        for (int query = 0; query < tokens; query++)
        {
            for (int key = 0; key < tokens; key++)
            {
                int rows = (query / windowSize) - (key / windowSize) + windowSize - 1;
                int columns = (query % windowSize) - (key % windowSize) + windowSize - 1;
                values[(query * tokens) + key] = (rows * span) + columns;
            }
        }

        return index;
    }
}

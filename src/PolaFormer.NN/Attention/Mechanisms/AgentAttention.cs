using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>
/// Agent attention (Han et al., ECCV 2024, https://arxiv.org/abs/2312.08874; AgentAttention): a few agents a, the queries
/// pooled over the grid, gather from the values for all queries. Per head
/// y = softmax(q·aᵀ/√d + β)·softmax(a·kᵀ/√d + α)·v, plus dwc(v), depthwise 3×3; α and β are learned, each a coarse map
/// stretched to the grid plus one of the rows plus one of the columns. Time N·A·C for A agents, memory N·A.
/// </summary>
public sealed class AgentAttention : AttentionMechanism
{
    // Side of the coarse maps of the biases.
    private const int BiasSide = 7;

    private const int KernelSize = 3;

    private readonly int _side;
    private readonly Parameter _agentMap, _queryMap, _agentRows, _agentColumns, _queryRows, _queryColumns;
    private readonly Parameter? _agentPrefix, _queryPrefix;
    private readonly DepthwiseConv2d _convolution;

    /// <summary>Makes the mechanism.</summary>
    /// <param name="shape">What it is made for, a grid.</param>
    /// <param name="side">Rows and columns of the pooled grid; A is its square.</param>
    /// <exception cref="ArgumentException">The shape is a sequence, or has fewer keys than queries.</exception>
    public AgentAttention(AttentionShape shape, int side)
        : base(shape)
    {
        if (shape.Height * shape.Width == 0)
            throw new ArgumentException("Agent attention pools its agents from a grid; the shape is a sequence.");
        if (shape.KeyTokens != shape.Tokens)
            throw new ArgumentException($"Agent attention's biases want a key for every query; got {shape.KeyTokens} keys for {shape.Tokens} queries. Set the reduction of its stage to 1.");
        _side = side;
        (int heads, int agents, int prefix) = (shape.NumHeads, side * side, shape.PrefixTokens);
        _agentMap = Bias("an_bias", [heads, agents, BiasSide, BiasSide]);
        _queryMap = Bias("na_bias", [heads, agents, BiasSide, BiasSide]);
        _agentRows = Bias("ah_bias", [1, heads, agents, shape.Height, 1]);
        _agentColumns = Bias("aw_bias", [1, heads, agents, 1, shape.Width]);
        _queryRows = Bias("ha_bias", [1, heads, shape.Height, 1, agents]);
        _queryColumns = Bias("wa_bias", [1, heads, 1, shape.Width, agents]);
        if (prefix > 0)
            (_agentPrefix, _queryPrefix) = (Bias("ac_bias", [1, heads, agents, prefix]), Bias("ca_bias", [1, heads, prefix, agents]));
        _convolution = AddChild("dwc", new DepthwiseConv2d(shape.Dim, KernelSize));

        Parameter Bias(string name, Shape extents) => AddParameter(name, extents, Initializer.TruncatedNormal);
    }

    /// <inheritdoc/>
    public override AttentionTraits Traits => AttentionTraits.Grid | AttentionTraits.FixedLength;

    private int Agents => _side * _side;

    /// <inheritdoc/>
    public override AttentionCost Cost(int queries, int keys)
    {
        long scores = ((long)queries + keys) * Agents;
        return new AttentionCost(
            (2 * scores * Shape.Dim) + ((long)(queries - Shape.PrefixTokens) * Shape.Dim * KernelSize * KernelSize),
            sizeof(float) * ((scores * Shape.NumHeads) + (2L * Agents * Shape.Dim)));
    }

    /// <inheritdoc/>
    protected override Tensor RunMix(AttentionInputs inputs)
    {
        float scale = 1 / MathF.Sqrt(Shape.HeadDim);
        Tensor agents = Pooled(OnGrid(inputs.Query, inputs));
        Tensor gathered = Tensor.SoftmaxAttention(agents, inputs.Key, inputs.Value, Shape.NumHeads, scale, AgentBias());
        return Tensor.SoftmaxAttention(inputs.Query, agents, gathered, Shape.NumHeads, scale, QueryBias());
    }

    /// <inheritdoc/>
    protected override Tensor RunAttend(AttentionInputs inputs) => AddOnGrid(RunMix(inputs), _convolution.Forward(OnGrid(inputs.Value, inputs)), inputs);

    // The grid's queries, averaged: (B, A, C).
    private Tensor Pooled(Columns grid)
    {
        Tensor queries = grid.Source.Slice(3, grid.Start, grid.Width);
        return queries.AdaptiveAveragePool(_side, _side).Reshape(queries.Shape[0], Agents, Shape.Dim);
    }

    // α, (heads, A, n).
    private Tensor AgentBias()
    {
        Tensor bias = Stretched(_agentMap) + (_agentRows + _agentColumns).Reshape(Shape.NumHeads, Agents, -1);
        return _agentPrefix is null ? bias : Tensor.Concat(2, _agentPrefix.Reshape(Shape.NumHeads, Agents, -1), bias);
    }

    // β, (heads, N, A).
    private Tensor QueryBias()
    {
        Tensor bias = Stretched(_queryMap).Permute(0, 2, 1) + (_queryRows + _queryColumns).Reshape(Shape.NumHeads, -1, Agents);
        return _queryPrefix is null ? bias : Tensor.Concat(1, _queryPrefix.Reshape(Shape.NumHeads, -1, Agents), bias);
    }

    // (heads, A, H·W).
    private Tensor Stretched(Tensor map) =>
        map.Reshape(-1, BiasSide, BiasSide, 1).Interpolate(Shape.Height, Shape.Width, InterpolationMode.Bilinear).Reshape(Shape.NumHeads, Agents, -1);
}

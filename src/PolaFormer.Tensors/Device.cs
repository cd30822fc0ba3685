using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// Where tensors live and arithmetic runs: the one seam between formulas and hardware. Operators prepare shapes and
/// outputs and call one method here; a device overwrites the output and knows nothing of gradients or modules.
/// Every method takes tensors of this device; shapes have been checked by the operator.
/// </summary>
public abstract class Device
{
    [ThreadStatic]
    private static Device? t_default;

    /// <summary>The processor.</summary>
    public static Device Cpu { get; } = new CpuDevice();

    /// <summary>Where new tensors go on this thread when no device is named: <see cref="Cpu"/> unless replaced by <see cref="Use"/>.</summary>
    public static Device Default => t_default ?? Cpu;

    /// <summary>Name in messages.</summary>
    public abstract string Name { get; }

    /// <summary>Makes this device the default of this thread until the result is disposed.</summary>
    public IDisposable Use()
    {
        var restore = new RestoreDefault(t_default);
        t_default = this;
        return restore;
    }

    /// <summary>A tensor with undefined contents.</summary>
    public Tensor Empty(Shape shape, DType type = DType.Float32) => new(this, Allocate(checked(shape.Count * type.Size())), 0, shape, type);

    internal abstract Storage Allocate(long bytes);

    // Data movement.
    internal abstract void Fill(Tensor y, float value);
    internal abstract void CopyBytes(Tensor x, Tensor y);
    internal abstract void Convert(Tensor x, Tensor y);
    internal abstract void Permute(Tensor x, ReadOnlySpan<int> axes, Tensor y);

    /// <summary>y = the part of x that starts at <paramref name="start"/> of a dimension and has y's extent there.</summary>
    internal abstract void Slice(Tensor x, int dimension, int start, Tensor y);

    /// <summary>Overwrites that part of y with x.</summary>
    internal abstract void Paste(Tensor x, Tensor y, int dimension, int start);

    /// <summary>y[(i + shift) mod n] = x[i] along a dimension.</summary>
    internal abstract void Roll(Tensor x, int dimension, int shift, Tensor y);

    /// <summary>y[i, :] = table[indices[i], :].</summary>
    internal abstract void Gather(Tensor table, Tensor indices, Tensor y);

    /// <summary>dtable[indices[i], :] += dy[i, :], after filling dtable with zeros.</summary>
    internal abstract void GatherBackward(Tensor dy, Tensor indices, Tensor dtable);

    // Elementwise.
    internal abstract void Unary(UnaryFunction function, Tensor x, Tensor y);
    internal abstract void UnaryBackward(UnaryFunction function, Tensor x, Tensor y, Tensor dy, Tensor dx);
    internal abstract void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y);

    /// <summary>y = scale·x + offset.</summary>
    internal abstract void Affine(Tensor x, float scale, float offset, Tensor y);

    /// <summary>y = a·x + b·y.</summary>
    internal abstract void AddScaled(Tensor x, float a, Tensor y, float b);

    /// <summary>y += x.</summary>
    internal abstract void AddTo(Tensor x, Columns y);

    /// <summary>The gradients of y = sum·gate: dsum = dy·gate, dgate = dy·sum.</summary>
    internal abstract void GateBackward(Tensor dy, Tensor sum, Columns gate, Tensor dsum, Columns dgate);

    /// <summary>y = residual + f·γ·branch, f a factor a sample, γ one a channel. A device without this form composes it.</summary>
    internal virtual void ScaledResidual(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor y)
    {
        Tensor scaled = branch;
        if (channelFactors is not null)
            Multiply([branch.Shape[-1]], channelFactors);
        Span<int> samples = stackalloc int[branch.Rank];
        samples.Fill(1);
        samples[0] = branch.Shape[0];
        if (sampleFactors is not null)
            Multiply(new Shape(samples), sampleFactors);
        Binary(BinaryFunction.Add, residual, scaled, y);

        void Multiply(Shape shape, Tensor factors)
        {
            Tensor product = Empty(y.Shape);
            Binary(BinaryFunction.Multiply, scaled, factors.View(0, shape), product);
            scaled = product;
        }
    }

    /// <summary>dbranch = f·γ·dy; dγ = Σ f·branch·dy, for which alone the branch is read.</summary>
    internal abstract void ScaledResidualBackward(Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor dy, Tensor dbranch, Tensor? dchannelFactors);

    /// <summary>Sums x over the dimensions in which y broadcasts to it.</summary>
    internal abstract void SumTo(Tensor x, Tensor y);

    // Reductions over the middle of (outer, reduced, inner).
    internal abstract void Reduce(ReduceFunction function, Tensor x, long outer, int reduced, long inner, Tensor y);

    /// <summary>dx = dy where x is first the largest, 0 elsewhere.</summary>
    internal abstract void MaxBackward(Tensor x, long outer, int reduced, long inner, Tensor dy, Tensor dx);

    // Matrix products. a is (…, m, k), b (…, k, n); transposed operands are stored the other way round.
    internal abstract void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y, float scale = 1, bool accumulate = false);

    /// <summary>y = x·Wᵀ + bias over the last dimension; W is (out, in).</summary>
    internal abstract void Linear(Tensor x, Tensor weight, Tensor? bias, Tensor y);
    internal abstract void LinearBackward(Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias);

    /// <summary>The gradients of <see cref="FeedForward"/> from the hidden values that it stored.</summary>
    internal abstract void FeedForwardBackward(Tensor x, Tensor weight1, Activation activation, Tensor weight2, Tensor hidden, Tensor dy, Tensor? dx, Tensor? dweight1, Tensor? dbias1, Tensor? dweight2, Tensor? dbias2);

    // Normalisation and softmax over the last dimension.
    internal abstract void Softmax(Tensor x, Tensor y, bool logarithm);
    internal abstract void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx, bool logarithm);
    internal abstract void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float eps, Tensor y, Tensor mean, Tensor rstd);
    internal abstract void LayerNormBackward(Tensor x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias);

    /// <summary>Batch statistics over all but the last dimension: mean, 1/√(var + eps), and the unbiased variance.</summary>
    internal abstract void BatchStatistics(Tensor x, float eps, Tensor mean, Tensor rstd, Tensor unbiasedVariance);
    internal abstract void BatchNorm(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, Tensor y);
    internal abstract void BatchNormBackward(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor dy, bool batchStatistics, Tensor dx, Tensor dweight, Tensor dbias);

    // Convolutions, channels-last; the weight is (out, in / groups, kernel height, kernel width).
    internal abstract void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y);
    internal abstract void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias);

    internal abstract void DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor y);
    internal abstract void DepthwiseConvolutionBackward(Columns x, Tensor weight, bool addInput, Tensor dy, Columns? dx, Tensor dweight, Tensor? dbias);

    /// <summary>As <see cref="DepthwiseConvolution"/>, each tap read beside its place by offsets (batch, height, width, row and column of each tap).</summary>
    internal abstract void DeformableConvolution(Columns x, Tensor offsets, Tensor weight, Tensor? bias, Tensor y);
    internal abstract void DeformableConvolutionBackward(Columns x, Tensor offsets, Tensor weight, Tensor dy, Columns dx, Tensor doffsets, Tensor dweight, Tensor? dbias);

    // Pooling and interpolation, channels-last (batch, height, width, channels).
    internal abstract void Pool(PoolFunction function, in PoolWindow window, Tensor x, Tensor y);
    internal abstract void PoolBackward(PoolFunction function, in PoolWindow window, Tensor x, Tensor dy, Tensor dx);
    internal abstract void Interpolate(InterpolationMode mode, Tensor x, Tensor y);
    internal abstract void InterpolateBackward(InterpolationMode mode, Tensor dy, Tensor dx);

    // Attention; the operands are columns of joint projections, y is (batch, tokens, channels). What a forward pass
    // returns is the state that its backward pass wants back, laid out as the device likes.
    internal abstract Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor y);
    internal abstract void PolarityAttentionBackward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dinverseScale, Tensor dexponent);
    internal abstract Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y);
    internal abstract void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite);
    internal abstract Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y);
    internal abstract void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias);
    internal abstract void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y);
    internal abstract void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx);

    // Losses.
    /// <summary>loss[i] = −Σ_c target[i, c]·log softmax(logits[i])[c].</summary>
    internal abstract void CrossEntropy(Tensor logits, Tensor targets, Tensor lossPerRow);
    internal abstract void CrossEntropyBackward(Tensor logits, Tensor targets, Tensor dlossPerRow, Tensor dlogits);

    // Optimisation.
    internal abstract void AdamW(Tensor weight, Tensor gradient, Tensor mean, Tensor square, in AdamWStep step);

    /// <summary>Updates a parameter and its velocity in place.</summary>
    internal abstract void Sgd(Tensor weight, Tensor gradient, Tensor velocity, in SgdStep step);

    // Fused forms for passes that nobody differentiates. A device without them composes them.

    /// <summary>y = act(x·Wᵀ + bias), or x·Wᵀ + bias + residual.</summary>
    internal virtual void Linear(Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y)
    {
        Tensor product = activation == Activation.None && residual is null ? y : Empty(y.Shape);
        Linear(x, weight, bias, product);
        if (activation != Activation.None)
            Unary(FunctionOf(activation), product, y);
        else if (residual is not null)
            Binary(BinaryFunction.Add, residual, product, y);
    }

    /// <summary>y = act(h)·W₂ᵀ + b₂ (+ residual) with h = x·W₁ᵀ + b₁, which is stored in <paramref name="hidden"/> if wanted.</summary>
    internal virtual void FeedForward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, Tensor? hidden, Tensor y)
    {
        Tensor activated = Empty(x.Shape.With(-1, weight1.Shape[0]));
        if (hidden is null)
        {
            Linear(x, weight1, bias1, activation, null, activated);
        }
        else
        {
            Linear(x, weight1, bias1, hidden);
            Unary(FunctionOf(activation), hidden, activated);
        }

        Linear(activated, weight2, bias2, Activation.None, residual, y);
    }

    /// <summary>y = act(x ∗ W + bias).</summary>
    internal virtual void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        Tensor convolved = activation == Activation.None ? y : Empty(y.Shape);
        Convolution(shape, x, weight, bias, convolved);
        if (activation != Activation.None)
            Unary(FunctionOf(activation), convolved, y);
    }

    /// <summary>y = sum·gate with sum = x ∗ W + bias + addend, which is stored if wanted.</summary>
    internal virtual void GatedDepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? sum, Tensor y)
    {
        Tensor convolved = Empty(y.Shape), factor = Empty(y.Shape);
        sum ??= Empty(y.Shape);
        DepthwiseConvolution(x, weight, bias, false, convolved);
        Binary(BinaryFunction.Add, addend, convolved, sum);
        Slice(gate.Source, gate.Source.Rank - 1, gate.Start, factor);
        Binary(BinaryFunction.Multiply, sum, factor, y);
    }

    /// <summary>
    /// The memory of a weight laid out as this device's forward passes like it best, to replace its own; null where that is
    /// the layout it has. The weight is (out, in / groups, …).
    /// </summary>
    internal virtual Storage? Pack(Tensor weight, int groups) => null;

    /// <summary>The element-wise function of an activation.</summary>
    internal static UnaryFunction FunctionOf(Activation activation) => activation switch
    {
        Activation.Relu => UnaryFunction.Relu,
        Activation.Gelu => UnaryFunction.Gelu,
        Activation.Silu => UnaryFunction.Silu,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "No function."),
    };

    private sealed class RestoreDefault(Device? previous) : IDisposable
    {
        public void Dispose() => t_default = previous;
    }
}

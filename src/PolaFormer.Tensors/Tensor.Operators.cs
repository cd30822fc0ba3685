using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors;

// The operators as methods. Formulas, gradients and edge cases are in Ops/, one file a family.
public unsafe partial class Tensor
{
    /// <summary>Element-wise sum with broadcasting.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Binary.Forward(BinaryFunction.Add, a, b);

    /// <summary>Element-wise difference with broadcasting.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Binary.Forward(BinaryFunction.Subtract, a, b);

    /// <summary>Element-wise product with broadcasting.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Binary.Forward(BinaryFunction.Multiply, a, b);

    /// <summary>Element-wise quotient with broadcasting.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Binary.Forward(BinaryFunction.Divide, a, b);

    /// <summary>Adds a number to every element.</summary>
    public static Tensor operator +(Tensor a, float b) => Ops.Affine.Forward(a, 1, b);

    /// <summary>Subtracts a number from every element.</summary>
    public static Tensor operator -(Tensor a, float b) => Ops.Affine.Forward(a, 1, -b);

    /// <summary>Multiplies every element by a number.</summary>
    public static Tensor operator *(Tensor a, float b) => Ops.Affine.Forward(a, b, 0);

    /// <summary>The negated elements.</summary>
    public static Tensor operator -(Tensor a) => Ops.Affine.Forward(a, -1, 0);

    /// <summary>scale·x + offset.</summary>
    public Tensor Affine(float scale, float offset) => Ops.Affine.Forward(this, scale, offset);

    /// <summary>a to the power b with broadcasting; gradients are exactly 0 where a = 0 and b &gt; 1.</summary>
    public Tensor Pow(Tensor exponent) => Binary.Forward(BinaryFunction.Pow, this, exponent);

    /// <summary>Applies an element-wise function.</summary>
    public Tensor Apply(UnaryFunction function) => Unary.Forward(function, this);

    /// <summary>eˣ.</summary>
    public Tensor Exp() => Apply(UnaryFunction.Exp);

    /// <summary>Natural logarithm.</summary>
    public Tensor Log() => Apply(UnaryFunction.Log);

    /// <summary>Square root.</summary>
    public Tensor Sqrt() => Apply(UnaryFunction.Sqrt);

    /// <summary>1 / x.</summary>
    public Tensor Reciprocal() => Apply(UnaryFunction.Reciprocal);

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    public Tensor Sigmoid() => Apply(UnaryFunction.Sigmoid);

    /// <summary>ln(1 + eˣ), x itself above 20 as in PyTorch.</summary>
    public Tensor Softplus() => Apply(UnaryFunction.Softplus);

    /// <summary>max(x, 0).</summary>
    public Tensor Relu() => Apply(UnaryFunction.Relu);

    /// <summary>x·Φ(x) with the exact Gaussian distribution function (erf form).</summary>
    public Tensor Gelu() => Apply(UnaryFunction.Gelu);

    /// <summary>x·sigmoid(x), also called swish.</summary>
    public Tensor Silu() => Apply(UnaryFunction.Silu);

    /// <summary>An activation as an operator of its own; the tensor itself for none.</summary>
    public Tensor Activate(Activation activation) => activation == Activation.None ? this : Apply(Kernels.Elementwise.FunctionOf(activation));

    /// <summary>Hyperbolic tangent.</summary>
    public Tensor Tanh() => Apply(UnaryFunction.Tanh);

    /// <summary>Sum of all elements: a scalar.</summary>
    public Tensor Sum() => Reduce.Forward(ReduceFunction.Sum, this);

    /// <summary>Sum over a dimension.</summary>
    /// <param name="dimension">The dimension; a negative one counts from the last.</param>
    /// <param name="keepDimensions">Whether the dimension stays, with the extent 1.</param>
    public Tensor Sum(int dimension, bool keepDimensions = false) => Reduce.Forward(ReduceFunction.Sum, this, [dimension], keepDimensions);

    /// <summary>Sum over several dimensions.</summary>
    /// <param name="dimensions">The dimensions in any order, at least one.</param>
    /// <param name="keepDimensions">Whether the dimensions stay, with the extent 1.</param>
    public Tensor Sum(ReadOnlySpan<int> dimensions, bool keepDimensions = false) => Reduce.Forward(ReduceFunction.Sum, this, dimensions, keepDimensions);

    /// <summary>Mean of all elements: a scalar.</summary>
    public Tensor Mean() => Reduce.Forward(ReduceFunction.Mean, this);

    /// <summary>Mean over a dimension.</summary>
    /// <param name="dimension">The dimension; a negative one counts from the last.</param>
    /// <param name="keepDimensions">Whether the dimension stays, with the extent 1.</param>
    public Tensor Mean(int dimension, bool keepDimensions = false) => Reduce.Forward(ReduceFunction.Mean, this, [dimension], keepDimensions);

    /// <summary>Mean over several dimensions.</summary>
    /// <param name="dimensions">The dimensions in any order, at least one.</param>
    /// <param name="keepDimensions">Whether the dimensions stay, with the extent 1.</param>
    public Tensor Mean(ReadOnlySpan<int> dimensions, bool keepDimensions = false) => Reduce.Forward(ReduceFunction.Mean, this, dimensions, keepDimensions);

    /// <summary>Largest element of all elements; the gradient goes to the first that is largest: a scalar.</summary>
    public Tensor Max() => Reduce.Forward(ReduceFunction.Max, this);

    /// <summary>Largest element over a dimension; the gradient goes to the first that is largest.</summary>
    /// <param name="dimension">The dimension; a negative one counts from the last.</param>
    /// <param name="keepDimensions">Whether the dimension stays, with the extent 1.</param>
    public Tensor Max(int dimension, bool keepDimensions = false) => Reduce.Forward(ReduceFunction.Max, this, [dimension], keepDimensions);

    /// <summary>Largest element over several dimensions; the gradient goes to the first that is largest.</summary>
    /// <param name="dimensions">The dimensions in any order, at least one.</param>
    /// <param name="keepDimensions">Whether the dimensions stay, with the extent 1.</param>
    public Tensor Max(ReadOnlySpan<int> dimensions, bool keepDimensions = false) => Reduce.Forward(ReduceFunction.Max, this, dimensions, keepDimensions);

    /// <summary>Matrix product over the last two dimensions, batched over the others; <paramref name="b"/> may be one matrix for all.</summary>
    public Tensor MatMul(Tensor b, bool transposeA = false, bool transposeB = false) => Ops.MatMul.Forward(this, b, transposeA, transposeB);

    /// <summary>x·Wᵀ + b over the last dimension.</summary>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or none.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <param name="residual">As large as the result, added to it; not together with an activation.</param>
    public Tensor Linear(Tensor weight, Tensor? bias = null, Activation activation = Activation.None, Tensor? residual = null) =>
        Ops.Linear.Forward(this, weight, bias, activation, residual);

    /// <summary>act(x·W₁ᵀ + b₁)·W₂ᵀ + b₂ (+ residual) over the last dimension: the feed-forward part of a transformer block.</summary>
    /// <param name="weight1">W₁, (hidden, in).</param>
    /// <param name="bias1">b₁, (hidden), or none.</param>
    /// <param name="activation">act.</param>
    /// <param name="weight2">W₂, (out, hidden).</param>
    /// <param name="bias2">b₂, (out), or none.</param>
    /// <param name="residual">As large as the result, or none.</param>
    /// <param name="dropout">How activated values are dropped (<see cref="Dropout"/>), or null.</param>
    public Tensor FeedForward(Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual = null, (float Probability, Philox Generator)? dropout = null) =>
        Ops.FeedForward.Forward(this, weight1, bias1, activation, weight2, bias2, residual, dropout);

    /// <summary>residual + f·γ·branch, the sum at the end of a residual branch.</summary>
    /// <param name="residual">(B, …, C).</param>
    /// <param name="branch">(B, …, C).</param>
    /// <param name="channelFactors">γ, C values of any shape; null for none.</param>
    /// <param name="sampleFactors">f, B constants; null for none.</param>
    public static Tensor ScaledResidual(Tensor residual, Tensor branch, Tensor? channelFactors = null, Tensor? sampleFactors = null) =>
        Ops.ScaledResidual.Forward(residual, branch, channelFactors, sampleFactors);

    /// <summary>Zeroes random elements and divides the others by the probability to stay.</summary>
    /// <param name="probability">Chance that an element is zeroed, in [0, 1).</param>
    /// <param name="generator">Its i-th uniform number decides on element i.</param>
    public Tensor Dropout(float probability, Philox generator) => Ops.Dropout.Forward(this, probability, generator);

    /// <summary>Softmax over the last dimension.</summary>
    public Tensor Softmax() => Ops.Softmax.Forward(this, logarithm: false);

    /// <summary>Logarithm of the softmax over the last dimension.</summary>
    public Tensor LogSoftmax() => Ops.Softmax.Forward(this, logarithm: true);

    /// <summary>Layer normalisation over the last dimension.</summary>
    public Tensor LayerNorm(Tensor? weight, Tensor? bias, float eps) => Ops.LayerNorm.Forward(this, weight, bias, eps);

    /// <summary>Group normalisation of (B, …, C): each image and group of neighbouring channels by its own statistics.</summary>
    /// <param name="groups">Groups, a divisor of C.</param>
    /// <param name="weight">C factors.</param>
    /// <param name="bias">C offsets.</param>
    /// <param name="eps">Added to the variance.</param>
    public Tensor GroupNorm(int groups, Tensor weight, Tensor bias, float eps) => Ops.GroupNorm.Forward(this, groups, weight, bias, eps);

    /// <summary>Batch normalisation by the batch's statistics, over all but the last dimension; moves the running ones.</summary>
    public Tensor BatchNormTrain(Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float momentum, float eps) =>
        BatchNorm.Train(this, weight, bias, runningMean, runningVariance, momentum, eps);

    /// <summary>Batch normalisation by the statistics of a batch of which this is one part; waits for the other parts, and for the device.</summary>
    public Tensor BatchNormOfParts(Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float momentum, float eps, IBatchParts parts) =>
        Ops.BatchNormOfParts.Forward(this, weight, bias, runningMean, runningVariance, momentum, eps, parts);

    /// <summary>Batch normalisation by the running statistics.</summary>
    public Tensor BatchNormEvaluate(Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float eps) =>
        BatchNorm.Evaluate(this, weight, bias, runningMean, runningVariance, eps);

    /// <summary>2-D convolution of a channels-last image batch (B, H, W, C).</summary>
    /// <param name="weight">(out, in / groups, kernel height, kernel width).</param>
    /// <param name="bias">(out), or none.</param>
    /// <param name="stride">Step between outputs, in pixels.</param>
    /// <param name="padding">Zeros around the image, in pixels.</param>
    /// <param name="dilation">Step between kernel taps, in pixels.</param>
    /// <param name="groups">Independent channel groups; as many as channels for a depthwise convolution.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <param name="residual">Added before the activation, as large as the result; null for nothing.</param>
    public Tensor Conv2d(Tensor weight, Tensor? bias = null, int stride = 1, int padding = 0, int dilation = 1, int groups = 1, Activation activation = Activation.None, Tensor? residual = null) =>
        Convolution.Forward(this, weight, bias, stride, padding, dilation, groups, activation, residual);

    /// <summary>Depthwise convolution of channels-last images, or of columns of a joint projection; stride 1, size kept.</summary>
    /// <param name="x">(B, H, W, C).</param>
    /// <param name="weight">(C, 1, k, k), k odd; or fewer channels, which divide C and are shared.</param>
    /// <param name="bias">As many as the channels of the weight, or none.</param>
    /// <param name="addInput">Whether x is added to the result.</param>
    public static Tensor DepthwiseConv2d(Columns x, Tensor weight, Tensor? bias = null, bool addInput = false) =>
        DepthwiseConvolution.Forward(x, weight, bias, addInput);

    /// <summary>(x ∗ W + b + addend)·gate, the convolution being depthwise as <see cref="DepthwiseConv2d"/>: the local branch of gated attention.</summary>
    /// <param name="x">(B, H, W, C).</param>
    /// <param name="weight">(C, 1, k, k), k odd; or fewer channels, which divide C and are shared.</param>
    /// <param name="bias">As many as the channels of the weight, or none.</param>
    /// <param name="addend">(B, H, W, C).</param>
    /// <param name="gate">C columns, as many rows as x has pixels.</param>
    public static Tensor GatedDepthwiseConv2d(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate) =>
        GatedDepthwiseConvolution.Forward(x, weight, bias, addend, gate);

    /// <summary>Depthwise convolution of sequences, or of columns of a joint projection; stride 1, length kept.</summary>
    /// <param name="x">(B, N, C).</param>
    /// <param name="weight">(C, 1, k), k odd; or fewer channels, which divide C and are shared.</param>
    /// <param name="bias">As many as the channels of the weight, or none.</param>
    /// <param name="mask">(B, N): factor of each token, or none; a constant.</param>
    public static Tensor DepthwiseConv1d(Columns x, Tensor weight, Tensor? bias = null, Tensor? mask = null) =>
        DepthwiseConvolution.Forward(x, weight, bias, addInput: false, mask);

    /// <summary>(x ∗ W + b + addend)·gate, the convolution being that of <see cref="DepthwiseConv1d"/>.</summary>
    /// <param name="x">(B, N, C).</param>
    /// <param name="weight">(C, 1, k), k odd; or fewer channels, which divide C and are shared.</param>
    /// <param name="bias">As many as the channels of the weight, or none.</param>
    /// <param name="addend">(B, N, C).</param>
    /// <param name="gate">C columns of B·N rows.</param>
    /// <param name="mask">(B, N): factor of each token of x, or none; a constant.</param>
    public static Tensor GatedDepthwiseConv1d(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? mask = null) =>
        GatedDepthwiseConvolution.Forward(x, weight, bias, addend, gate, mask);

    /// <summary>Depthwise convolution whose taps are moved by offsets, bilinear between pixels; stride 1, size kept.</summary>
    /// <param name="x">(B, H, W, C).</param>
    /// <param name="offsets">(B, H, W, 2·k²), in pixels: row and column of each tap.</param>
    /// <param name="weight">(C, 1, k, k), k odd; or fewer channels, which divide C and are shared.</param>
    /// <param name="bias">As many as the channels of the weight, or none.</param>
    public static Tensor DeformableConv2d(Columns x, Tensor offsets, Tensor weight, Tensor? bias = null) =>
        DeformableConvolution.Forward(x, offsets, weight, bias);

    /// <summary>Average pooling to a given output size, (B, H, W, C).</summary>
    public Tensor AdaptiveAveragePool(int height, int width) => Pool.Forward(PoolFunction.AdaptiveAverage, default, this, height, width);

    /// <summary>Average pooling with a square window; padding counts as zeros.</summary>
    public Tensor AveragePool(int kernel, int stride, int padding = 0) => PoolBy(PoolFunction.Average, kernel, stride, padding);

    /// <summary>Maximum pooling with a square window.</summary>
    public Tensor MaxPool(int kernel, int stride, int padding = 0) => PoolBy(PoolFunction.Max, kernel, stride, padding);

    /// <summary>Resamples a (B, H, W, C) image batch; see <see cref="InterpolationMode"/>.</summary>
    /// <param name="height">New rows.</param>
    /// <param name="width">New columns.</param>
    /// <param name="mode">How values between pixels are made.</param>
    /// <param name="device">What computes it, and reaches this tensor; this tensor's device where null.</param>
    /// <param name="addend">Added to the result, and as large; null for nothing.</param>
    public Tensor Interpolate(int height, int width, InterpolationMode mode, Device? device = null, Tensor? addend = null) =>
        Ops.Interpolate.Forward(mode, this, height, width, device ?? Device, addend);

    /// <summary>Resamples (B, N, C) tokens linearly along the sequence.</summary>
    public Tensor InterpolateTokens(int tokens) =>
        Reshape(Shape[0], 1, Shape[1], Shape[2]).Interpolate(1, tokens, InterpolationMode.Bilinear).Reshape(Shape[0], tokens, Shape[2]);

    /// <summary>The dimensions in another order, copied to be contiguous.</summary>
    public Tensor Permute(params ReadOnlySpan<int> axes) => Ops.Permute.Forward(this, axes);

    /// <summary>Elements [<paramref name="start"/>, <paramref name="start"/> + <paramref name="length"/>) of a dimension.</summary>
    public Tensor Slice(int dimension, int start, int length) => Ops.Slice.Forward(this, dimension, start, length);

    /// <summary>Tensors one after another along a dimension.</summary>
    public static Tensor Concat(int dimension, params ReadOnlySpan<Tensor> parts) => Ops.Concat.Forward(parts, dimension);

    /// <summary>The values repeated along dimensions of extent 1, or that are missing in front, to a larger shape.</summary>
    public Tensor Expand(Shape shape) => Ops.Expand.Forward(this, shape);

    /// <summary>Elements of <paramref name="a"/> where the condition is not 0, else of <paramref name="b"/>, with broadcasting.</summary>
    public static Tensor Where(Tensor condition, Tensor a, Tensor b) => Ops.Where.Forward(condition, a, b);

    /// <summary>Moves the elements of a dimension cyclically by <paramref name="shift"/> places.</summary>
    public Tensor Roll(int dimension, int shift) => Ops.Roll.Forward(this, dimension, shift);

    /// <summary>Rows of this (rows, columns) table chosen by Int64 indices of any shape: (…) → (…, columns).</summary>
    public Tensor Embedding(Tensor indices)
    {
        if (Rank != 2)
            throw new ArgumentException($"An embedding is a (rows, columns) table; got {Shape}.");
        Span<int> extents = stackalloc int[indices.Rank + 1];
        indices.Shape.AsSpan().CopyTo(extents);
        extents[^1] = Shape[1];
        return Gather(0, indices.Reshape(checked((int)indices.Count), 1)).Reshape(new Shape(extents));
    }

    /// <summary>
    /// Elements of a dimension chosen by Int64 indices, whole runs of the dimensions behind it: NumPy's take_along_axis.
    /// </summary>
    /// <param name="dimension">The dimension.</param>
    /// <param name="indices">
    /// Aligned with this tensor's last dimension: 1 in every dimension behind the chosen one, in the chosen one any number, before
    /// it this tensor's extents, or from some place to the front 1 or none, where the same indices are used for all.
    /// </param>
    public Tensor Gather(int dimension, Tensor indices) => Ops.Gather.Forward(this, dimension, indices);

    /// <summary>1 where an element and that of <paramref name="other"/> are in the relation, else 0, with broadcasting; a constant.</summary>
    public Tensor Compare(Comparison comparison, Tensor other) => Ops.Compare.Forward(comparison, this, other);

    /// <summary>1 where an element and the number are in the relation, else 0; a constant.</summary>
    public Tensor Compare(Comparison comparison, float number) => Ops.Compare.Forward(comparison, this, Full([], number, Device));

    /// <summary>Position of the largest element along a dimension, Int64: the first of several. NaN counts as largest.</summary>
    public Tensor ArgMax(int dimension = -1, bool keepDimensions = false) => Ops.ArgMax.Forward(this, dimension, keepDimensions);

    /// <summary>Position of the largest of up to 256 channels of every pixel of a (B, h, w, C) map brought to (height, width), (B, height, width) UInt8: the first of several. NaN counts as largest. The map at that size is never in memory.</summary>
    /// <param name="height">New rows.</param>
    /// <param name="width">New columns.</param>
    /// <param name="mode">How values between pixels are made.</param>
    /// <param name="through">A size that the map is brought to first; null for none.</param>
    public Tensor InterpolatedArgMax(int height, int width, InterpolationMode mode, (int Height, int Width)? through = null) =>
        Ops.InterpolatedArgMax.Forward(mode, this, height, width, through);

    /// <summary>Positions of the last dimension's elements in order, Int64; equal elements stay in order of position. NaN counts as largest.</summary>
    public Tensor ArgSort(bool descending = false) => Ops.ArgSort.Forward(this, descending);

    /// <summary>The largest elements of the last dimension, largest first, and their positions, Int64; of equal ones the first comes first.</summary>
    public (Tensor Values, Tensor Indices) TopK(int count) => Ops.TopK.Forward(this, count);

    /// <summary>start, start + step, … in float32.</summary>
    /// <param name="count">How many.</param>
    /// <param name="start">The first.</param>
    /// <param name="step">Distance between two.</param>
    /// <param name="device">Where; the default device where null.</param>
    public static Tensor Arange(int count, float start = 0, float step = 1, Device? device = null)
    {
        Tensor y = (device ?? Device.Default).ForConstants.Empty([count]);
        y.Device.Run(new Arange(y, start, step));
        return y;
    }

    /// <summary>Sines and cosines for <see cref="Rotate"/> of the tokens of a grid, (H·W, 2·h) each: the first h channels turn by row·angle, the others by column·angle.</summary>
    /// <param name="angle">(h).</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="device">What computes them, and reaches the angles; the device of the angles where null.</param>
    public static (Tensor Sin, Tensor Cos) RotaryTables(Tensor angle, int height, int width, Device? device = null) => Ops.RotaryTables.Forward(angle, height, width, device);

    /// <summary>How often each of the numbers 0 … kinds − 1 is among the elements, Float32 (kinds); exact up to 2²⁴ of a kind.</summary>
    /// <param name="kinds">Upper limit of the elements, which are Int64.</param>
    public Tensor CountEach(int kinds) => Ops.CountEach.Forward(this, kinds);

    /// <summary>How many of some columns' values are NaN and how many infinite, Int64 (2).</summary>
    public static Tensor CountNonFinite(Columns x)
    {
        Tensor y = x.Source.Device.Empty([2], DType.Int64);
        y.Device.Run(new CountNonFinite(x.Source.Rank == 0 ? x.Source.View(0, [1]) : x, y));
        return y;
    }

    /// <summary>Cross-entropy of each row of logits against target probabilities; (rows).</summary>
    public Tensor CrossEntropy(Tensor targets) => Ops.CrossEntropy.Forward(this, targets);

    /// <summary>Cross-entropy of each row of logits against a class; (rows).</summary>
    /// <param name="labels">Int64 (rows), in [0, classes).</param>
    public Tensor CrossEntropyOfLabels(Tensor labels) => Ops.LabelCrossEntropy.Forward(this, labels);

    private Tensor PoolBy(PoolFunction function, int kernel, int stride, int padding)
    {
        var window = new PoolWindow(kernel, stride, padding);
        return Pool.Forward(function, window, this, window.OutExtent(Shape[1]), window.OutExtent(Shape[2]));
    }
}

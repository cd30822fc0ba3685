using System.Diagnostics;
using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors;

/// <summary>
/// A device that hands everything to another one and writes down what each call cost. Multiply-accumulates are those that
/// <see cref="MetaDevice"/> counts; a gradient counts as often as it takes products of the forward pass's size (once for
/// each of input and weight, twice for attention). For one thread at a time.
/// </summary>
/// <example><code>
/// var profiler = new ProfilingDevice(Device.Cpu, () => Module.Running?.FullName ?? "");
/// using (profiler.Use()) { model = create(); model.Forward(Tensor.Zeros([1, 224, 224, 3])); }
/// foreach (DeviceCall call in profiler.Calls) …
/// </code></example>
/// <param name="device">Computes.</param>
/// <param name="caller">Names the part of the program that is calling.</param>
public sealed class ProfilingDevice(Device device, Func<string> caller) : Device
{
    private readonly MetaDevice _counter = new();
    private readonly List<DeviceCall> _calls = [];
    private long _counted;

    /// <summary>The calls since the start or the last <see cref="Clear"/>, in order.</summary>
    public IReadOnlyList<DeviceCall> Calls => _calls;

    /// <inheritdoc/>
    public override string Name => device.Name;

    /// <summary>Forgets the calls so far.</summary>
    public void Clear() => _calls.Clear();

    internal override Storage Allocate(long bytes) => device.Allocate(bytes);

    private string Caller => caller();

    // Every method: count where there are products, begin, hand on.
    internal override void Fill(Tensor y, float value)
    {
        using Call call = Begin(y, []);
        device.Fill(y, value);
    }

    internal override void CopyBytes(Tensor x, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.CopyBytes(x, y);
    }

    internal override void Convert(Tensor x, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.Convert(x, y);
    }

    internal override void Permute(Tensor x, ReadOnlySpan<int> axes, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.Permute(x, axes, y);
    }

    internal override void Slice(Tensor x, int dimension, int start, Tensor y)
    {
        using Call call = Begin(y, [y]);
        device.Slice(x, dimension, start, y);
    }

    internal override void Paste(Tensor x, Tensor y, int dimension, int start)
    {
        using Call call = Begin(y, [x]);
        device.Paste(x, y, dimension, start);
    }

    internal override void Roll(Tensor x, int dimension, int shift, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.Roll(x, dimension, shift, y);
    }

    internal override void Gather(Tensor table, Tensor indices, Tensor y)
    {
        using Call call = Begin(y, [indices, y]);
        device.Gather(table, indices, y);
    }

    internal override void GatherBackward(Tensor dy, Tensor indices, Tensor dtable)
    {
        using Call call = Begin(dtable, [dy, indices]);
        device.GatherBackward(dy, indices, dtable);
    }

    internal override void Unary(UnaryFunction function, Tensor x, Tensor y)
    {
        using Call call = Begin(y, [x], function.ToString());
        device.Unary(function, x, y);
    }

    internal override void UnaryBackward(UnaryFunction function, Tensor x, Tensor y, Tensor dy, Tensor dx)
    {
        using Call call = Begin(dx, [x, y, dy], function.ToString());
        device.UnaryBackward(function, x, y, dy, dx);
    }

    internal override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y)
    {
        using Call call = Begin(y, [a, b], function.ToString());
        device.Binary(function, a, b, y);
    }

    internal override void Affine(Tensor x, float scale, float offset, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.Affine(x, scale, offset, y);
    }

    internal override void AddScaled(Tensor x, float a, Tensor y, float b)
    {
        using Call call = Begin(y, [x, y]);
        device.AddScaled(x, a, y, b);
    }

    internal override void AddTo(Tensor x, Columns y)
    {
        using Call call = Begin(x, [y, y]);
        device.AddTo(x, y);
    }

    internal override void GateBackward(Tensor dy, Tensor sum, Columns gate, Tensor dsum, Columns dgate)
    {
        using Call call = Begin(dy, [sum, gate, dsum, dgate]);
        device.GateBackward(dy, sum, gate, dsum, dgate);
    }

    internal override void ScaledResidual(Tensor residual, Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor y)
    {
        using Call call = Begin(y, [residual, branch, channelFactors, sampleFactors]);
        device.ScaledResidual(residual, branch, channelFactors, sampleFactors, y);
    }

    internal override void ScaledResidualBackward(Tensor branch, Tensor? channelFactors, Tensor? sampleFactors, Tensor dy, Tensor dbranch, Tensor? dchannelFactors)
    {
        using Call call = Begin(dbranch, [dchannelFactors is null ? null : branch, channelFactors, sampleFactors, dy, dchannelFactors]);
        device.ScaledResidualBackward(branch, channelFactors, sampleFactors, dy, dbranch, dchannelFactors);
    }

    internal override void SumTo(Tensor x, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.SumTo(x, y);
    }

    internal override void Reduce(ReduceFunction function, Tensor x, long outer, int reduced, long inner, Tensor y)
    {
        using Call call = Begin(y, [x], function.ToString());
        device.Reduce(function, x, outer, reduced, inner, y);
    }

    internal override void MaxBackward(Tensor x, long outer, int reduced, long inner, Tensor dy, Tensor dx)
    {
        using Call call = Begin(dx, [x, dy]);
        device.MaxBackward(x, outer, reduced, inner, dy, dx);
    }

    internal override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y, float scale = 1, bool accumulate = false)
    {
        _counter.MatMul(a, transposeA, b, transposeB, y, scale, accumulate);
        using Call call = Begin(y, [a, b]);
        device.MatMul(a, transposeA, b, transposeB, y, scale, accumulate);
    }

    internal override void Linear(Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        _counter.Linear(x, weight, bias, y);
        using Call call = Begin(y, [x, weight, bias]);
        device.Linear(x, weight, bias, y);
    }

    internal override void Linear(Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y)
    {
        _counter.Linear(x, weight, bias, y);
        using Call call = Begin(y, [x, weight, bias, residual], NameOf(activation));
        device.Linear(x, weight, bias, activation, residual, y);
    }

    internal override void FeedForward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, Tensor? hidden, Tensor y)
    {
        _counter.FeedForward(x, weight1, bias1, activation, weight2, bias2, residual, hidden, y);
        using Call call = Begin(y, [x, weight1, bias1, weight2, bias2, residual, hidden], NameOf(activation));
        device.FeedForward(x, weight1, bias1, activation, weight2, bias2, residual, hidden, y);
    }

    internal override void FeedForwardBackward(Tensor x, Tensor weight1, Activation activation, Tensor weight2, Tensor hidden, Tensor dy, Tensor? dx, Tensor? dweight1, Tensor? dbias1, Tensor? dweight2, Tensor? dbias2)
    {
        _counter.Linear(dy, weight2, null, hidden);
        if (dweight2 is not null)
            _counter.Linear(dy, weight2, null, hidden);
        if (dweight1 is not null)
            _counter.Linear(x, weight1, null, hidden);
        if (dx is not null)
            _counter.Linear(x, weight1, null, hidden);
        using Call call = Begin(dy, [x, weight1, weight2, hidden, dx, dweight1, dbias1, dweight2, dbias2], NameOf(activation));
        device.FeedForwardBackward(x, weight1, activation, weight2, hidden, dy, dx, dweight1, dbias1, dweight2, dbias2);
    }

    internal override void LinearBackward(Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias)
    {
        if (dx is not null)
            _counter.Linear(x, weight, null, dy);
        if (dweight is not null)
            _counter.Linear(x, weight, null, dy);
        using Call call = Begin(dy, [x, weight, dy, dx, dweight, dbias]);
        device.LinearBackward(x, weight, dy, dx, dweight, dbias);
    }

    internal override void Softmax(Tensor x, Tensor y, bool logarithm)
    {
        using Call call = Begin(y, [x]);
        device.Softmax(x, y, logarithm);
    }

    internal override void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx, bool logarithm)
    {
        using Call call = Begin(dx, [y, dy]);
        device.SoftmaxBackward(y, dy, dx, logarithm);
    }

    internal override void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float eps, Tensor y, Tensor mean, Tensor rstd)
    {
        using Call call = Begin(y, [x, weight, bias, mean, rstd]);
        device.LayerNorm(x, weight, bias, eps, y, mean, rstd);
    }

    internal override void LayerNormBackward(Tensor x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias)
    {
        using Call call = Begin(dx, [x, weight, mean, rstd, dy, dweight, dbias]);
        device.LayerNormBackward(x, weight, mean, rstd, dy, dx, dweight, dbias);
    }

    internal override void BatchStatistics(Tensor x, float eps, Tensor mean, Tensor rstd, Tensor unbiasedVariance)
    {
        using Call call = Begin(mean, [x]);
        device.BatchStatistics(x, eps, mean, rstd, unbiasedVariance);
    }

    internal override void BatchNorm(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, Tensor y)
    {
        using Call call = Begin(y, [x, mean, rstd, weight, bias]);
        device.BatchNorm(x, mean, rstd, weight, bias, y);
    }

    internal override void BatchNormBackward(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor dy, bool batchStatistics, Tensor dx, Tensor dweight, Tensor dbias)
    {
        using Call call = Begin(dx, [x, mean, rstd, weight, dy, dweight, dbias]);
        device.BatchNormBackward(x, mean, rstd, weight, dy, batchStatistics, dx, dweight, dbias);
    }

    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        _counter.Convolution(in shape, x, weight, bias, y);
        using Call call = Begin(y, [x, weight, bias]);
        device.Convolution(in shape, x, weight, bias, y);
    }

    internal override void Convolution(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        _counter.Convolution(in shape, x, weight, bias, y);
        using Call call = Begin(y, [x, weight, bias], NameOf(activation));
        device.Convolution(in shape, x, weight, bias, activation, y);
    }

    internal override void GatedDepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, Tensor addend, Columns gate, Tensor? sum, Tensor y)
    {
        _counter.DepthwiseConvolution(x, weight, bias, false, y);
        using Call call = Begin(y, [x, weight, bias, addend, gate, sum]);
        device.GatedDepthwiseConvolution(x, weight, bias, addend, gate, sum, y);
    }

    internal override void ConvolutionBackward(in ConvolutionShape shape, Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias)
    {
        if (dx is not null)
            _counter.Convolution(shape, x, weight, null, dy);
        if (dweight is not null)
            _counter.Convolution(shape, x, weight, null, dy);
        using Call call = Begin(dy, [x, weight, dx, dweight, dbias]);
        device.ConvolutionBackward(in shape, x, weight, dy, dx, dweight, dbias);
    }

    internal override void DepthwiseConvolution(Columns x, Tensor weight, Tensor? bias, bool addInput, Tensor y)
    {
        _counter.DepthwiseConvolution(x, weight, bias, addInput, y);
        using Call call = Begin(y, [x, weight, bias]);
        device.DepthwiseConvolution(x, weight, bias, addInput, y);
    }

    internal override void DepthwiseConvolutionBackward(Columns x, Tensor weight, bool addInput, Tensor dy, Columns? dx, Tensor dweight, Tensor? dbias)
    {
        if (dx is not null)
            _counter.DepthwiseConvolution(x, weight, null, addInput, dy);
        _counter.DepthwiseConvolution(x, weight, null, addInput, dy);
        using Call call = Begin(dy, [x, weight, dx, dweight, dbias]);
        device.DepthwiseConvolutionBackward(x, weight, addInput, dy, dx, dweight, dbias);
    }

    internal override void DeformableConvolution(Columns x, Tensor offsets, Tensor weight, Tensor? bias, Tensor y)
    {
        _counter.DeformableConvolution(x, offsets, weight, bias, y);
        using Call call = Begin(y, [x, offsets, weight, bias]);
        device.DeformableConvolution(x, offsets, weight, bias, y);
    }

    internal override void DeformableConvolutionBackward(Columns x, Tensor offsets, Tensor weight, Tensor dy, Columns dx, Tensor doffsets, Tensor dweight, Tensor? dbias)
    {
        _counter.DeformableConvolution(x, offsets, weight, null, dy);
        _counter.DeformableConvolution(x, offsets, weight, null, dy);
        using Call call = Begin(dy, [x, offsets, weight, dx, doffsets, dweight, dbias]);
        device.DeformableConvolutionBackward(x, offsets, weight, dy, dx, doffsets, dweight, dbias);
    }

    internal override void Pool(PoolFunction function, in PoolWindow window, Tensor x, Tensor y)
    {
        using Call call = Begin(y, [x], function.ToString());
        device.Pool(function, in window, x, y);
    }

    internal override void PoolBackward(PoolFunction function, in PoolWindow window, Tensor x, Tensor dy, Tensor dx)
    {
        using Call call = Begin(dx, [x, dy], function.ToString());
        device.PoolBackward(function, in window, x, dy, dx);
    }

    internal override void Interpolate(InterpolationMode mode, Tensor x, Tensor y)
    {
        using Call call = Begin(y, [x]);
        device.Interpolate(mode, x, y);
    }

    internal override void InterpolateBackward(InterpolationMode mode, Tensor dy, Tensor dx)
    {
        using Call call = Begin(dx, [dy]);
        device.InterpolateBackward(mode, dy, dx);
    }

    internal override Tensor PolarityAttention(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor y)
    {
        _counter.PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, y);
        using Call call = Begin(y, [query, key, value, encoding, inverseScale, exponent]);
        return device.PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, y);
    }

    internal override void PolarityAttentionBackward(Columns query, Columns key, Columns value, Tensor encoding, Tensor inverseScale, Tensor exponent, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dinverseScale, Tensor dexponent)
    {
        _counter.PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, dy);
        _counter.PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, dy);
        using Call call = Begin(dy, [query, key, value, encoding, inverseScale, exponent, state, dquery, dkey, dvalue, dinverseScale, dexponent]);
        device.PolarityAttentionBackward(query, key, value, encoding, inverseScale, exponent, numHeads, state, dy, dquery, dkey, dvalue, dinverseScale, dexponent);
    }

    internal override Tensor PolarityAttentionPlusPlus(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor y)
    {
        _counter.PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, y);
        using Call call = Begin(y, [query, key, value, same, opposite, sin, cos]);
        return device.PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, y);
    }

    internal override void PolarityAttentionPlusPlusBackward(Columns query, Columns key, Columns value, Tensor same, Tensor opposite, Tensor sin, Tensor cos, int numHeads, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor dsame, Tensor dopposite)
    {
        _counter.PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, dy);
        _counter.PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, dy);
        using Call call = Begin(dy, [query, key, value, same, opposite, sin, cos, state, dquery, dkey, dvalue, dsame, dopposite]);
        device.PolarityAttentionPlusPlusBackward(query, key, value, same, opposite, sin, cos, numHeads, state, dy, dquery, dkey, dvalue, dsame, dopposite);
    }

    internal override Tensor SoftmaxAttention(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y)
    {
        _counter.SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, y);
        using Call call = Begin(y, [query, key, value, bias, mask]);
        return device.SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, y);
    }

    internal override void SoftmaxAttentionBackward(Columns query, Columns key, Columns value, int numHeads, float scale, Tensor? bias, Tensor? mask, Tensor y, Tensor state, Tensor dy, Columns dquery, Columns dkey, Columns dvalue, Tensor? dbias)
    {
        _counter.SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, dy);
        _counter.SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, dy);
        using Call call = Begin(dy, [query, key, value, bias, mask, y, state, dquery, dkey, dvalue, dbias]);
        device.SoftmaxAttentionBackward(query, key, value, numHeads, scale, bias, mask, y, state, dy, dquery, dkey, dvalue, dbias);
    }

    internal override void Rotate(Columns x, Tensor sin, Tensor cos, int numHeads, Tensor y)
    {
        using Call call = Begin(y, [x, sin, cos]);
        device.Rotate(x, sin, cos, numHeads, y);
    }

    internal override void RotateBackward(Tensor dy, Tensor sin, Tensor cos, int numHeads, Columns dx)
    {
        using Call call = Begin(dy, [sin, cos, dx]);
        device.RotateBackward(dy, sin, cos, numHeads, dx);
    }

    internal override void CrossEntropy(Tensor logits, Tensor targets, Tensor lossPerRow)
    {
        using Call call = Begin(lossPerRow, [logits, targets]);
        device.CrossEntropy(logits, targets, lossPerRow);
    }

    internal override void CrossEntropyBackward(Tensor logits, Tensor targets, Tensor dlossPerRow, Tensor dlogits)
    {
        using Call call = Begin(dlogits, [logits, targets, dlossPerRow]);
        device.CrossEntropyBackward(logits, targets, dlossPerRow, dlogits);
    }

    internal override void AdamW(Tensor weight, Tensor gradient, Tensor mean, Tensor square, in AdamWStep step)
    {
        using Call call = Begin(weight, [weight, gradient, mean, mean, square, square]);
        device.AdamW(weight, gradient, mean, square, in step);
    }

    internal override void Sgd(Tensor weight, Tensor gradient, Tensor velocity, in SgdStep step)
    {
        using Call call = Begin(weight, [weight, gradient, velocity, velocity]);
        device.Sgd(weight, gradient, velocity, in step);
    }

    private static string? NameOf(Activation activation) => activation == Activation.None ? null : activation.ToString();

    private Call Begin(Tensor result, ReadOnlySpan<Operand> operands, string? function = null, [CallerMemberName] string name = "")
    {
        long bytes = result.ByteCount;
        foreach (Operand operand in operands)
            bytes += operand.Bytes;
        long macs = _counter.MultiplyAccumulates - _counted;
        _counted = _counter.MultiplyAccumulates;
        return new Call(this, function is null ? name : $"{name} {function}", result.Shape, macs, bytes);
    }

    private readonly ref struct Call(ProfilingDevice profiler, string name, Shape result, long macs, long bytes)
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public void Dispose()
        {
            TimeSpan time = Stopwatch.GetElapsedTime(_start);
            profiler._calls.Add(new DeviceCall(profiler.Caller, name, result, time, macs, bytes));
        }
    }

    /// <summary>What a call reads or writes of one tensor.</summary>
    private readonly struct Operand(long bytes)
    {
        public long Bytes => bytes;

        public static implicit operator Operand(Tensor? tensor) => new(tensor?.ByteCount ?? 0);

        public static implicit operator Operand(Columns columns) => new(columns.RowStride == 0 ? 0 : columns.Source.ByteCount / columns.RowStride * columns.Width);

        public static implicit operator Operand(Columns? columns) => columns is { } some ? some : default(Operand);
    }
}

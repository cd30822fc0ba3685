using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;

namespace PolaFormer.Onnx;

// Which requests have a form in ONNX.
internal sealed partial class TracingDevice
{
    internal override void Execute(IDeviceCall call)
    {
        switch (call)
        {
            case Copy(var x, var y):
                Copy(x, y);
                break;
            case Permute.Call(var x, var order, var y):
                Permute(x, order, y);
                break;
            case Slice.Call(var x, var dimension, var start, var y):
                Slice(x, dimension, start, y);
                break;
            case SliceScatter(var x, var y, var dimension, var start):
                SliceScatter(x, y, dimension, start);
                break;
            case Roll.Call(var x, var dimension, var shift, var y):
                Roll(x, dimension, shift, y);
                break;
            case Unary.Call(var function, var x, var y):
                Unary(function, x, y);
                break;
            case Affine.Call(var x, var scale, var offset, var y):
                Affine(x, scale, offset, y);
                break;
            case Binary.Call(var function, var a, var b, var y):
                Binary(function, a, b, y);
                break;
            case Reduce.Call(var function, var x, var outer, var reduced, var inner, var y):
                Reduce(function, x, outer, reduced, inner, y);
                break;
            case MatMul.Call(var a, var transposeA, var b, var transposeB, var y):
                MatMul(a, transposeA, b, transposeB, y);
                break;
            case Linear.Call(var x, var weight, var bias, var y):
                Linear(x, weight, bias, y);
                break;
            case Softmax.Call(var x, var y, var logarithm):
                Softmax(x, y, logarithm);
                break;
            case LayerNorm.Call(var x, var weight, var bias, var eps, var y, _, _):
                LayerNorm(x, weight, bias, eps, y);
                break;
            case BatchNorm.Call(var x, var mean, var rstd, var weight, var bias, var y):
                BatchNorm(x, mean, rstd, weight, bias, y);
                break;
            case Convolution.Call(var shape, var x, var weight, var bias, var y):
                Convolution(shape, x, weight, bias, y);
                break;
            case DepthwiseConvolution.Call(var x, var weight, var bias, var addInput, null, var y) when y.Rank == 4:
                DepthwiseConvolution(x, weight, bias, addInput, y);
                break;
            case Interpolate.Call(var mode, var x, var y):
                Interpolate(mode, x, y);
                break;
            case Pool.Call(PoolFunction.Max, var window, var x, var y):
                MaxPool(window, x, y);
                break;
            case Pool.Call(PoolFunction.AdaptiveAverage, _, var x, var y):
                AdaptiveAverage(x, y);
                break;
            case RotaryTables.Call(var angle, var height, var width, var sin, var cos):
                RotaryTables(angle, height, width, sin, cos);
                break;
            case Rotate.Call(var x, var sin, var cos, var numHeads, var y):
                Rotate(x, sin, cos, numHeads, y);
                break;
            case PolarityAttention.Call(var query, var key, var value, var encoding, var inverseScale, var exponent, var numHeads, var mask, var y, _):
                PolarityAttention(query, key, value, encoding, inverseScale, exponent, numHeads, mask, y);
                break;
            case PolarityAttentionPlusPlus.Call(var query, var key, var value, var same, var opposite, var sin, var cos, var numHeads, var y, _):
                PolarityAttentionPlusPlus(query, key, value, same, opposite, sin, cos, numHeads, y);
                break;
            case SoftmaxAttention.Call(var query, var key, var value, var numHeads, var scale, var bias, var mask, _, var y, _):
                SoftmaxAttention(query, key, value, numHeads, scale, bias, mask, y);
                break;
            default:
                throw NoForm(call.Name);
        }
    }

    // Attention has a form that is smaller than its composition.
    internal override bool HasKernel(Type call) =>
        call == typeof(PolarityAttention.Call) || call == typeof(PolarityAttentionPlusPlus.Call) || call == typeof(SoftmaxAttention.Call);

    // Tensors of the processor are constants.
    internal override bool Reaches(Device other) => base.Reaches(other) || ReferenceEquals(other.Memory, Cpu);
}

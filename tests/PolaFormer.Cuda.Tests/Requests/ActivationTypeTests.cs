using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Tests.Requests;

/// <summary>In which type layers hand results to each other in mixed precision.</summary>
public class ActivationTypeTests
{
    private const int Tokens = 40, Channels = 32, Heads = 2;

    private readonly FibreRuntime _runtime = new(order: 0);
    private readonly CudaDevice _device;

    public ActivationTypeTests() => _device = new CudaDevice(_runtime, "cuda:0") { IsMixedPrecision = true };

    [Fact]
    public void Norms_linear_layers_attention_and_what_follows_hand_on_bfloat16()
    {
        Tensor x = Noise(1, 1, Tokens, Channels), weight = Noise(2, Channels, Channels), ones = Tensor.Full([Channels], 1, _device);
        Tensor normal = x.LayerNorm(ones, null, 1e-5f), product = normal.Linear(weight), activated = normal.Linear(weight, null, Activation.Relu);
        Tensor attention = Tensor.PolarityAttention(product, product, activated, null, ones, ones, Heads);
        Tensor image = attention.Reshape(1, 8, 5, Channels), convolved = Tensor.DepthwiseConv2d(image, Noise(3, Channels, 1, 3, 3));

        Assert.All([normal, product, activated, attention, convolved, attention.Gelu()], y => Assert.Equal(DType.BFloat16, y.DType));
        // Values of them are floats.
        Assert.Equal(normal.To(DType.Float32).ToArray(), normal.ToArray());
    }

    [Fact]
    public void The_residual_stream_logits_and_what_is_small_are_floats()
    {
        Tensor x = Noise(1, 1, Tokens, Channels), weight = Noise(2, Channels, Channels), normal = x.LayerNorm(null, null, 1e-5f);

        Assert.All(
            [normal.Linear(weight, null, Activation.None, x), Tensor.ScaledResidual(x, normal), x + normal, x.Reshape(Tokens, Channels).Linear(weight), x.Slice(1, 0, 4).Linear(weight), normal.Exp(), normal.Softmax()],
            y => Assert.Equal(DType.Float32, y.DType));
    }

    [Fact]
    public void Nothing_is_made_into_floats_between_the_layers_of_a_block()
    {
        Tensor x = Noise(1, 1, Tokens, Channels), joint = Noise(2, 3 * Channels, Channels), weight = Noise(3, Channels, Channels), ones = Tensor.Full([Channels], 1, _device);
        _runtime.Launched.Clear();

        Tensor qkv = x.LayerNorm(ones, null, 1e-5f).Linear(joint);
        Tensor attention = Tensor.PolarityAttention(new Columns(qkv, 0, Channels), new Columns(qkv, Channels, Channels), new Columns(qkv, 2 * Channels, Channels), null, ones, ones, Heads);
        Tensor stream = attention.Linear(weight, null, Activation.None, x);
        Tensor y = stream.LayerNorm(ones, null, 1e-5f).FeedForward(weight, null, Activation.Gelu, weight, null, stream);

        Assert.Equal(DType.Float32, y.DType);
        Assert.DoesNotContain("bf16_to_float", _runtime.Launched);
        Assert.Equal(4, _runtime.Launched.Count(kernel => kernel == "float_to_bf16")); // the weights
    }

    [Theory]
    [InlineData(32)]
    [InlineData(128)]
    public void Fused_attention_and_its_gradients_are_the_composed_ones(int headDim)
    {
        (float[] Y, float[] Gradients) fused = Attend(), composed;
        Assert.Contains("query_gradients", _runtime.Launched);
        Composition.IsForced = true;
        try
        {
            composed = Attend();
        }
        finally
        {
            Composition.IsForced = false;
        }

        Distance.AssertWithin(1e-2, [.. composed.Y.Select(value => (double)value)], [.. fused.Y.Select(value => (double)value)], "result");
        Distance.AssertWithin(2e-2, [.. composed.Gradients.Select(value => (double)value)], [.. fused.Gradients.Select(value => (double)value)], "gradients");

        (float[] Y, float[] Gradients) Attend()
        {
            int width = Heads * headDim;
            Tensor x = Noise(1, 2, 20, Channels), joint = Noise(2, 3 * width, Channels), encoding = Noise(3, 20, width), power = Tensor.Full([width], 2.5f, _device), scale = Tensor.Full([width], 0.8f, _device);
            Tensor[] leaves = [joint, encoding, power, scale];
            foreach (Tensor leaf in leaves)
                leaf.RequiresGrad = true;
            using var tape = Tape.Start();
            Tensor qkv = x.Linear(joint);
            Tensor y = Tensor.PolarityAttention(new Columns(qkv, 0, width), new Columns(qkv, width, width), new Columns(qkv, 2 * width, width), encoding, scale, power, Heads);
            tape.Backward(y, Noise(4, 2, 20, width));
            return (y.ToArray(), [.. leaves.SelectMany(leaf => leaf.Grad!.ToArray())]);
        }
    }

    [Fact]
    public void Parts_of_both_types_are_joined_as_floats()
    {
        Tensor x = Noise(1, 1, Tokens, Channels), normal = x.LayerNorm(null, null, 1e-5f);
        Tensor y = Tensor.Concat(1, normal, x);

        Assert.Equal(DType.Float32, y.DType);
        Assert.Equal([.. normal.ToArray(), .. x.ToArray()], y.ToArray());
        Assert.Equal(DType.BFloat16, Tensor.Concat(1, normal, normal).DType);
    }

    private Tensor Noise(ulong seed, params ReadOnlySpan<int> shape)
    {
        var extents = new Shape(shape);
        float[] values = new float[extents.Count];
        new Philox(seed, 5).FillNormal(values, 0);
        return Tensor.From(values, extents, _device);
    }
}

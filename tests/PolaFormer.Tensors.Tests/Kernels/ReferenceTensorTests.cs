using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>Kernels against tensors that PyTorch made.</summary>
public unsafe class ReferenceTensorTests
{
    /// <summary>(batch, channels, …) to channels-last.</summary>
    private static float[] ToChannelsLast(float[] values, int batch, int channels)
    {
        int pixels = values.Length / (batch * channels);
        float[] result = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
            result[(((i / (pixels * channels) * pixels) + (i % pixels)) * channels) + (i / pixels % channels)] = values[i];
        return result;
    }

    private static float[] FromChannelsLast(ReadOnlySpan<float> values, int batch, int channels)
    {
        int pixels = values.Length / (batch * channels);
        float[] result = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
            result[(((i / (pixels * channels) * channels) + (i % channels)) * pixels) + (i / channels % pixels)] = values[i];
        return result;
    }

    [Theory]
    [InlineData("gelu_erf", "Gelu")]
    [InlineData("relu", "Relu")]
    [InlineData("sigmoid", "Sigmoid")]
    [InlineData("softplus", "Softplus")]
    [InlineData("swish", "Silu")]
    public void Activations(string name, string function)
    {
        FixtureCase fixture = FixtureCase.Open("F_math", name);
        var unary = Enum.Parse<UnaryFunction>(function);
        using var x = new KernelArray<float>(fixture.Floats("in.x"));
        using var dy = new KernelArray<float>(fixture.Floats("cot.y"));
        using var y = new KernelArray<float>(x.Length);
        using var dx = new KernelArray<float>(x.Length);
        Elementwise.Unary(unary, x.Pointer, y.Pointer, x.Length);
        Elementwise.UnaryBackward(unary, x.Pointer, y.Pointer, dy.Pointer, dx.Pointer, x.Length);
        fixture.AssertMatches("out.y", y.Span);
        fixture.AssertMatches("grad.in.x", dx.Span);
    }

    [Theory]
    [InlineData("interp_linear_1d", "Bilinear")]
    [InlineData("interp_linear_1d_down", "Bilinear")]
    [InlineData("interp_linear_1d_odd", "Bilinear")]
    [InlineData("interp_bilinear", "Bilinear")]
    [InlineData("interp_bilinear_down", "Bilinear")]
    [InlineData("interp_bilinear_same", "Bilinear")]
    [InlineData("interp_bicubic", "Bicubic")]
    public void Interpolations(string name, string mode)
    {
        FixtureCase fixture = FixtureCase.Open("F_math", name);
        int[] from = fixture.Shape("in.x"), to = fixture.Shape("out.y");
        (int height, int outHeight) = from.Length == 4 ? (from[2], to[2]) : (1, 1);
        (int batch, int channels) = (from[0], from[1]);
        using var x = new KernelArray<float>(ToChannelsLast(fixture.Floats("in.x"), batch, channels));
        using var dy = new KernelArray<float>(ToChannelsLast(fixture.Floats("cot.y"), batch, channels));
        using var y = new KernelArray<float>(dy.Length);
        using var dx = new KernelArray<float>(x.Length);
        var interpolation = Enum.Parse<InterpolationMode>(mode);
        Interpolation.Image(interpolation, x.Pointer, batch, height, from[^1], channels, y.Pointer, outHeight, to[^1]);
        Interpolation.ImageBackward(interpolation, dy.Pointer, batch, outHeight, to[^1], channels, dx.Pointer, height, from[^1]);
        fixture.AssertMatches("out.y", FromChannelsLast(y.Span, batch, channels));
        fixture.AssertMatches("grad.in.x", FromChannelsLast(dx.Span, batch, channels));
    }

    [Theory]
    [InlineData("layernorm_1e5", 1e-5f)]
    [InlineData("layernorm_1e6_small", 1e-6f)]
    public void Layer_norms(string name, float eps)
    {
        FixtureCase fixture = FixtureCase.Open("F_math", name);
        using var x = new KernelArray<float>(fixture.Floats("in.x"));
        using var w = new KernelArray<float>(fixture.Floats("in.w"));
        using var b = new KernelArray<float>(fixture.Floats("in.b"));
        using var dy = new KernelArray<float>(fixture.Floats("cot.y"));
        int channels = w.Length, rows = x.Length / channels;
        using var y = new KernelArray<float>(x.Length);
        using var dx = new KernelArray<float>(x.Length);
        using var dw = new KernelArray<float>(channels);
        using var db = new KernelArray<float>(channels);
        using var mean = new KernelArray<float>(rows);
        using var rstd = new KernelArray<float>(rows);
        LayerNorm.Forward(x.Pointer, w.Pointer, b.Pointer, eps, y.Pointer, mean.Pointer, rstd.Pointer, rows, channels);
        LayerNorm.Backward(x.Pointer, w.Pointer, mean.Pointer, rstd.Pointer, dy.Pointer, dx.Pointer, dw.Pointer, db.Pointer, rows, channels);
        fixture.AssertMatches("out.y", y.Span);
        fixture.AssertMatches("grad.in.x", dx.Span);
        fixture.AssertMatches("grad.in.w", dw.Span);
        fixture.AssertMatches("grad.in.b", db.Span);
    }

    [Fact]
    public void Batch_norm_in_training()
    {
        FixtureCase fixture = FixtureCase.Open("F_math", "batchnorm_train");
        int[] shape = fixture.Shape("in.x");
        (int batch, int channels) = (shape[0], shape[1]);
        using var x = new KernelArray<float>(ToChannelsLast(fixture.Floats("in.x"), batch, channels));
        using var dy = new KernelArray<float>(ToChannelsLast(fixture.Floats("cot.y"), batch, channels));
        using var w = new KernelArray<float>(fixture.Floats("in.w"));
        using var b = new KernelArray<float>(fixture.Floats("in.b"));
        using var y = new KernelArray<float>(x.Length);
        using var dx = new KernelArray<float>(x.Length);
        using var channel = new KernelArray<float>(5 * channels);
        float* mean = channel.Pointer, rstd = mean + channels, variance = rstd + channels, dw = variance + channels, db = dw + channels;
        int rows = x.Length / channels;
        BatchNorm.Statistics(x.Pointer, rows, channels, 1e-5f, mean, rstd, variance);
        BatchNorm.Normalize(x.Pointer, mean, rstd, w.Pointer, b.Pointer, y.Pointer, rows, channels);
        BatchNorm.Backward(x.Pointer, mean, rstd, w.Pointer, dy.Pointer, dx.Pointer, dw, db, rows, channels, true);
        fixture.AssertMatches("out.y", FromChannelsLast(y.Span, batch, channels));
        fixture.AssertMatches("grad.in.x", FromChannelsLast(dx.Span, batch, channels));
        fixture.AssertMatches("grad.in.w", new Span<float>(dw, channels));
        fixture.AssertMatches("grad.in.b", new Span<float>(db, channels));
    }

    [Fact]
    public void Masked_softmax()
    {
        FixtureCase fixture = FixtureCase.Open("F_math", "softmax_masked");
        int[] shape = fixture.Shape("in.x");
        (int rows, int columns) = (shape[0] * shape[1], shape[2]);
        using var x = new KernelArray<float>(fixture.Floats("in.x"));
        using var mask = new KernelArray<float>(fixture.Floats("in.mask"));
        using var dy = new KernelArray<float>(fixture.Floats("cot.y"));
        using var y = new KernelArray<float>(x.Length);
        using var dx = new KernelArray<float>(x.Length);
        using var dMask = new KernelArray<float>(mask.Length);
        Softmax.Forward(x.Pointer, y.Pointer, rows, columns, new SoftmaxMask(mask.Pointer, 1, shape[1], 1));
        Softmax.Backward(y.Pointer, dy.Pointer, dx.Pointer, rows, columns);
        Broadcast.SumTo(dx.Pointer, new Shape(shape), dMask.Pointer, new Shape(shape[1], columns));
        fixture.AssertMatches("out.y", y.Span);
        fixture.AssertMatches("grad.in.x", dx.Span);
        fixture.AssertMatches("grad.in.mask", dMask.Span);
    }

    [Fact]
    public void Log_softmax_of_large_values()
    {
        FixtureCase fixture = FixtureCase.Open("F_math", "log_softmax_large");
        int[] shape = fixture.Shape("in.x");
        using var x = new KernelArray<float>(fixture.Floats("in.x"));
        using var dy = new KernelArray<float>(fixture.Floats("cot.y"));
        using var y = new KernelArray<float>(x.Length);
        using var dx = new KernelArray<float>(x.Length);
        Softmax.LogForward(x.Pointer, y.Pointer, shape[0], shape[1]);
        Softmax.LogBackward(y.Pointer, dy.Pointer, dx.Pointer, shape[0], shape[1]);
        fixture.AssertMatches("out.y", y.Span);
        fixture.AssertMatches("grad.in.x", dx.Span);
    }

    [Fact]
    public void Losses()
    {
        FixtureCase fixture = FixtureCase.Open("D_recipe", "losses");
        int[] shape = fixture.Shape("in.x");
        (int rows, int classes) = (shape[0], shape[1]);
        using var x = new KernelArray<float>(fixture.Floats("in.x"));
        using var targets = new KernelArray<float>(fixture.Floats("in.soft_target"));
        using var labels = new KernelArray<long>(fixture.Integers("in.labels"));
        using var losses = new KernelArray<float>(rows);
        using var dLosses = new KernelArray<float>(rows);
        using var dx = new KernelArray<float>(x.Length);
        dLosses.Span.Fill(1f / rows);

        CrossEntropy.Soft(x.Pointer, targets.Pointer, rows, classes, losses.Pointer);
        CrossEntropy.SoftBackward(x.Pointer, targets.Pointer, dLosses.Pointer, rows, classes, dx.Pointer);
        fixture.AssertMatches("out.soft_target", [losses.ToArray().Average()]);
        fixture.AssertMatches("grad.soft_target", dx.Span);
        foreach ((string name, float smoothing) in ((string, float)[])[("label_smoothing", 0.1f), ("cross_entropy", 0)])
        {
            CrossEntropy.Label(x.Pointer, labels.Pointer, smoothing, rows, classes, losses.Pointer);
            CrossEntropy.LabelBackward(x.Pointer, labels.Pointer, smoothing, dLosses.Pointer, rows, classes, dx.Pointer);
            fixture.AssertMatches($"out.{name}", [losses.ToArray().Average()]);
            fixture.AssertMatches($"grad.{name}", dx.Span);
        }
    }

    [Theory]
    [InlineData("optim_adamw")]
    [InlineData("optim_sgd_nesterov")]
    public void Optimizer_trajectories(string name)
    {
        FixtureCase fixture = FixtureCase.Open("D_recipe", name);
        foreach ((string parameter, double decay) in ((string, double)[])[("w", 0.05), ("b", 0)])
        {
            using var weight = new KernelArray<float>(fixture.Floats($"in.{parameter}"));
            using var mean = new KernelArray<float>(new float[weight.Length]);
            using var square = new KernelArray<float>(new float[weight.Length]);
            List<float> trajectory = [];
            for (int step = 0; step < fixture.Shape($"out.{parameter}")[0]; step++)
            {
                using var gradient = new KernelArray<float>(fixture.Floats($"in.g.{parameter}.{step}"));
                bool isAdamW = name == "optim_adamw";
                var row = new ArrayRow(weight.Pointer, gradient.Pointer, mean.Pointer, square.Pointer, weight.Length) { LearningRate = isAdamW ? 1e-3 : 0.1, WeightDecay = decay };
                if (isAdamW)
                    Optimizer.AdamW(new AdamWStep(0.9, 0.999, 1e-8, step + 1), [row]);
                else
                    Optimizer.Sgd(new SgdStep(0.9, true), [row]);
                trajectory.AddRange(weight.Span);
            }

            fixture.AssertMatches($"out.{parameter}", trajectory.ToArray());
        }
    }
}

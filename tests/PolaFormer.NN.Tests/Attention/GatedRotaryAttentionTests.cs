using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN.Tests.Attention;

/// <summary>The attentions that PolaFormer++'s layer can hold, over one token, odd and even numbers of them.</summary>
public class GatedRotaryAttentionTests
{
    private const int Dim = 8, Heads = 2, HeadDim = Dim / Heads;

    public static TheoryData<string, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int>();
            foreach (string kind in (string[])["polarity", "softmax", "relu", "focused"])
            {
                foreach ((int height, int width) in ((int, int)[])[(1, 1), (3, 1), (2, 3)])
                    cases.Add(kind, height, width);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GradientEqualsCentralDifferences(string kind, int height, int width)
    {
        Module attention = Make(kind);
        Tensor x = Input(height, width);
        x.RequiresGrad = true;
        float[] cotangent = Input(height, width, stream: 2).ToArray();
        using (var tape = Tape.Start())
            tape.Backward(attention.Forward(x), Tensor.From(cotangent, x.Shape));

        double Loss() => attention.Forward(x).ToArray().Select((y, i) => (double)y * cotangent[i]).Sum();
        foreach ((string name, Tensor tensor) in attention.NamedParameters().Select(entry => (entry.Name, (Tensor)entry.Parameter)).Prepend(("x", x)))
        {
            float[] gradient = tensor.Grad!.ToArray();
            double scale = Math.Max(1, gradient.Max(Math.Abs));
            for (int i = 0; i < gradient.Length; i++)
            {
                double expected = Difference(Loss, tensor, i);
                Assert.True(Math.Abs(gradient[i] - expected) <= 4e-3 * scale, $"{name}[{i}]: {gradient[i]} for {expected}");
            }
        }
    }

    [Theory]
    [InlineData("relu", 1, 1)]
    [InlineData("relu", 3, 5)]
    [InlineData("focused", 1, 1)]
    [InlineData("focused", 5, 4)]
    public void ValuesAreThoseOfTheQuadraticForm(string kind, int height, int width)
    {
        Module attention = Make(kind);
        Dictionary<string, Tensor> weights = attention.StateDict().ToDictionary(entry => entry.Name, entry => entry.Tensor);
        foreach (string name in (string[])["lepe.weight", "lepe.bias", "proj.weight", "proj.bias"])
            weights[name].AsSpan<float>().Clear();
        for (int c = 0; c < Dim; c++)
            weights["proj.weight"].AsSpan<float>()[c * (Dim + 1)] = 1;

        Tensor x = Input(height, width);
        double[] joint = Joint(x.ToArray(), weights["qkvo.weight"].ToArray(), weights["qkvo.bias"].ToArray());
        double[]? softplus = kind == "focused" ? [.. weights["scale"].ToArray().Select(scale => Math.Log(1 + Math.Exp(scale)))] : null;
        double[] expected = Quadratic(joint, softplus, width), actual = [.. attention.Forward(x).ToArray().Select(y => (double)y)];
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 2e-5 * largest);
    }

    [Theory]
    [InlineData("relu")]
    [InlineData("focused")]
    public void TokensWithoutAPositiveFeatureLeaveValuesAndGradientsFinite(string kind)
    {
        Module attention = Make(kind);
        Parameter bias = attention.NamedParameters().Single(entry => entry.Name == "qkvo.bias").Parameter;
        bias.AsSpan<float>()[..(2 * Dim)].Fill(-100);
        Tensor x = Input(2, 3);
        x.RequiresGrad = true;
        using (var tape = Tape.Start())
        {
            Tensor y = attention.Forward(x);
            Assert.All(y.ToArray(), value => Assert.True(float.IsFinite(value)));
            tape.Backward(y, Tensor.Full(y.Shape, 1));
        }

        Assert.All(attention.Parameters().SelectMany(parameter => parameter.Grad!.ToArray()), value => Assert.True(float.IsFinite(value)));
    }

    private static Module Make(string kind)
    {
        var shape = new AttentionShape(Dim, Heads, 0);
        AttentionMechanism mechanism = kind switch
        {
            "polarity" => new PolarityPlusPlusAttention(shape),
            "softmax" => new SoftmaxAttention(shape),
            "relu" => new ReluLinearAttention(shape),
            _ => new FocusedLinearAttention(shape, hasEncoding: false, hasConvolution: false),
        };
        var attention = new GatedRotaryAttention(mechanism, new RotaryEncoding(mechanism.RotaryDim * Heads, Heads));
        attention.Initialize(5);
        foreach ((string name, Parameter parameter) in attention.NamedParameters())
        {
            if (name is "scale" or "s1" or "s2")
                new Philox(7, 0).FillUniform(parameter.AsSpan<float>(), 0);
        }

        return attention;
    }

    private static Tensor Input(int height, int width, ulong stream = 1)
    {
        Tensor x = Tensor.Empty([1, height, width, Dim]);
        new Philox(4, stream).FillNormal(x.AsSpan<float>(), 0);
        return x;
    }

    // Small steps: the feature maps have kinks.
    private static double Difference(Func<double> loss, Tensor tensor, int i)
    {
        const float step = 1f / 1024;
        float value = tensor.AsSpan<float>()[i];
        double Shifted(float by)
        {
            tensor.AsSpan<float>()[i] = value + by;
            return loss();
        }

        double difference = (Shifted(step) - Shifted(-step)) / (2 * step);
        tensor.AsSpan<float>()[i] = value;
        return difference;
    }

    private static double[] Joint(float[] x, float[] weight, float[] bias)
    {
        int width = bias.Length;
        double[] joint = new double[x.Length / Dim * width];
        for (int i = 0; i < joint.Length; i++)
        {
            joint[i] = bias[i % width];
            for (int c = 0; c < Dim; c++)
                joint[i] += (double)x[(i / width * Dim) + c] * weight[(i % width * Dim) + c];
        }

        return joint;
    }

    // gate·Σⱼ (Rφ(qᵢ)·Rφ(kⱼ))·vⱼ / (Σⱼ φ(qᵢ)·φ(kⱼ) + 10⁻⁶) in double.
    private static double[] Quadratic(double[] joint, double[]? softplus, int width)
    {
        int tokens = joint.Length / (4 * Dim);
        double[] Part(int token, int part) => joint.AsSpan((((4 * token) + part) * Dim), Dim).ToArray();
        double[][] q = [.. Enumerable.Range(0, tokens).Select(token => Features(Part(token, 0), softplus))];
        double[][] k = [.. Enumerable.Range(0, tokens).Select(token => Features(Part(token, 1), softplus))];
        double[] result = new double[tokens * Dim];
        for (int i = 0; i < tokens; i++)
        {
            for (int head = 0; head < Heads; head++)
            {
                double divisor = 1e-6;
                for (int j = 0; j < tokens; j++)
                {
                    divisor += Dot(q[i], k[j], head);
                    double weight = Dot(Turned(q[i], i, width), Turned(k[j], j, width), head);
                    for (int c = head * HeadDim; c < (head + 1) * HeadDim; c++)
                        result[(i * Dim) + c] += weight * Part(j, 2)[c];
                }

                for (int c = head * HeadDim; c < (head + 1) * HeadDim; c++)
                    result[(i * Dim) + c] *= Part(i, 3)[c] / divisor;
            }
        }

        return result;
    }

    private static double[] Features(double[] x, double[]? softplus)
    {
        if (softplus is null)
            return [.. x.Select(value => Math.Max(value, 0))];
        double[] u = [.. x.Select((value, c) => (Math.Max(value, 0) + 1e-6) / softplus[c])], cubes = [.. u.Select(value => Math.Pow(value, 3))];
        double factor = Math.Sqrt(u.Sum(value => value * value) / cubes.Sum(value => value * value));
        return [.. cubes.Select(value => value * factor)];
    }

    // Four channels a head: one pair turns with the row, one with the column, by one radian a token.
    private static double[] Turned(double[] x, int token, int width)
    {
        double[] turned = new double[Dim];
        for (int c = 0; c < Dim; c += 2)
        {
            int position = c % HeadDim < HeadDim / 2 ? token / width : token % width;
            (double sin, double cos) = Math.SinCos(position);
            (turned[c], turned[c + 1]) = ((x[c] * cos) - (x[c + 1] * sin), (x[c + 1] * cos) + (x[c] * sin));
        }

        return turned;
    }

    private static double Dot(double[] a, double[] b, int head) => Enumerable.Range(head * HeadDim, HeadDim).Sum(c => a[c] * b[c]);
}

using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>Mechanisms with weights and inputs to hold them to.</summary>
internal static class MechanismSubject
{
    /// <summary>A registered mechanism over a grid, or with height 0 over a sequence of <paramref name="width"/> tokens.</summary>
    public static AttentionMechanism Make(string name, int height, int width, int dim, int heads) =>
        Make(name, height == 0 ? new AttentionShape(dim, heads, width) : AttentionShape.Grid(dim, heads, height, width));

    /// <summary>A registered mechanism over a grid with tokens before it.</summary>
    public static AttentionMechanism MakeWithPrefix(string name, int prefix, int height, int width, int dim, int heads) =>
        Make(name, new AttentionShape(dim, heads, prefix + (height * width)) { Height = height, Width = width, PrefixTokens = prefix });

    /// <summary>A mechanism with weights drawn by chance.</summary>
    public static T Filled<T>(T mechanism)
        where T : AttentionMechanism
    {
        if (Device.Default is MetaDevice)
            return mechanism;
        ulong stream = 100;
        foreach (Parameter parameter in mechanism.Parameters())
        {
            Random(parameter.Shape, stream++).AsSpan<float>().CopyTo(parameter.AsSpan<float>());
            parameter.RequiresGrad = true;
        }

        mechanism.Evaluate();
        return mechanism;
    }

    /// <summary>Queries, keys and values, and a gate where one is asked for.</summary>
    public static AttentionInputs Inputs(AttentionMechanism mechanism, int batch)
    {
        AttentionShape shape = mechanism.Shape;
        var tokens = new Shape(batch, shape.Tokens, shape.Dim);
        return new AttentionInputs(Random(tokens, 1), Random(tokens, 2), Random(tokens, 3))
        {
            Height = shape.Height,
            Width = shape.Width,
            PrefixTokens = shape.PrefixTokens,
            Gate = mechanism.Traits.HasFlag(AttentionTraits.Gated) ? Random(tokens, 4) : default(Columns?),
        };
    }

    /// <summary>The tensors of the inputs.</summary>
    public static IEnumerable<Tensor> Leaves(AttentionInputs inputs)
    {
        yield return inputs.Query.Source;
        yield return inputs.Key.Source;
        yield return inputs.Value.Source;
        if (inputs.Gate is { } gate)
            yield return gate.Source;
    }

    /// <summary>The inputs with each tensor mapped.</summary>
    public static AttentionInputs Map(AttentionInputs inputs, Func<Tensor, Tensor> function) => inputs with
    {
        Query = function(inputs.Query.Source),
        Key = function(inputs.Key.Source),
        Value = function(inputs.Value.Source),
        Gate = inputs.Gate is { } gate ? function(gate.Source) : default(Columns?),
    };

    /// <summary>One image of a batch.</summary>
    public static AttentionInputs Select(AttentionInputs inputs, int image) => Map(inputs, x => x.Slice(0, image, 1));

    /// <summary>The tokens in another order.</summary>
    public static Tensor Reorder(Tensor x, int[] order) => Tensor.Concat(1, [.. order.Select(i => x.Slice(1, i, 1))]);

    /// <summary>Other values in the tokens from one on.</summary>
    public static Tensor ChangedFrom(Tensor x, int token) =>
        Tensor.Concat(1, x.Slice(1, 0, token), (x.Slice(1, token, x.Shape[1] - token) * -0.7f) + 0.3f);

    private static AttentionMechanism Make(string name, AttentionShape shape) => Filled(AttentionRegistry.Find(name).Create(shape));

    /// <summary>Reproducible values of about a normal distribution, none of them near 0, where kinks are.</summary>
    public static Tensor Random(Shape shape, ulong stream)
    {
        Tensor x = Tensor.Empty(shape);
        if (x.Device is MetaDevice)
            return x;
        Span<float> values = x.AsSpan<float>();
        new Philox(7, stream).FillNormal(values, 0);
        foreach (ref float value in values)
            value = MathF.CopySign(MathF.Max(MathF.Abs(value), 0.02f), value) * 0.8f;
        return x;
    }

    /// <summary>Gradients of a mechanism equal central differences, those of its inputs and parameters.</summary>
    public static void AssertGradient(AttentionMechanism mechanism)
    {
        AttentionInputs inputs = Inputs(mechanism, batch: 1);
        Tensor[] leaves = [.. Leaves(inputs)];
        foreach (Tensor leaf in leaves)
            leaf.RequiresGrad = true;
        Tensor cotangent = Random(new Shape(1, mechanism.Shape.Tokens, mechanism.Shape.Dim), 9);
        using (var tape = Tape.Start())
            tape.Backward(mechanism.Attend(inputs), cotangent);

        double Loss() => mechanism.Attend(inputs).ToArray().Zip(cotangent.ToArray(), (y, c) => (double)y * c).Sum();
        foreach (Tensor leaf in leaves.Concat(mechanism.Parameters()))
        {
            float[] gradient = leaf.Grad?.ToArray() ?? new float[leaf.Count];
            int[] looked = [.. Enumerable.Range(0, gradient.Length).Where(i => i % Math.Max(1, gradient.Length / 24) == 0)];
            double[] expected = [.. looked.Select(i => CentralDifference(Loss, leaf, i))];
            double tolerance = 6e-3 * expected.Max(Math.Abs);
            int kinks = 0;
            for (int j = 0; j < looked.Length; j++)
            {
                int i = looked[j];
                if (Math.Abs(gradient[i] - expected[j]) <= tolerance)
                    continue;

                // A step over a kink says nothing of the gradient, and half of it something else.
                double half = CentralDifference(Loss, leaf, i, 2e-3f);
                Assert.True(Math.Abs(half - expected[j]) > tolerance, $"{leaf}[{i}]: {gradient[i]} for {expected[j]}");
                Assert.True(++kinks <= 2, $"{leaf} has kinks all over");
            }
        }
    }

    /// <summary>(loss(x + h) − loss(x − h)) / 2h in one element.</summary>
    public static double CentralDifference(Func<double> loss, Tensor x, int index, float step = 4e-3f)
    {
        float value = x.AsSpan<float>()[index];
        x.AsSpan<float>()[index] = value + step;
        double above = loss();
        x.AsSpan<float>()[index] = value - step;
        double below = loss();
        x.AsSpan<float>()[index] = value;
        return (above - below) / (2 * step);
    }

    /// <summary>Equal within a part of the largest value.</summary>
    public static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * scale, $"[{i}]: {actual[i]} instead of {expected[i]}");
    }
}

using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Tests.Ops;

public class GradientTests
{
    public static TheoryData<string> Names => [.. GradientCases.All.Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientEqualsCentralDifferences(string name)
    {
        GradientCases.Case item = GradientCases.All.Single(other => other.Name == name);
        float[] cotangent = Cotangent(item);
        foreach (Tensor input in item.Inputs)
        {
            input.RequiresGrad = true;
            input.ZeroGrad();
        }

        using (var tape = Tape.Start())
        {
            Tensor y = item.Apply(item.Inputs);
            tape.Backward(y, Tensor.From(cotangent, y.Shape));
        }

        foreach (Tensor input in item.Inputs)
        {
            float[] gradient = input.Grad!.ToArray();
            double[] expected = CentralDifferences(item, input, cotangent);
            double scale = expected.Max(Math.Abs);
            for (int i = 0; i < gradient.Length; i++)
            {
                if (!(Math.Abs(gradient[i] - expected[i]) <= 4e-3 * scale))
                    Assert.Fail($"{name}, input {Array.IndexOf(item.Inputs, input)}[{i}]: {gradient[i]} for {expected[i]}");
            }
        }
    }

    [Fact]
    public void EveryOperatorHasAGradientCase()
    {
        IEnumerable<Type> operators = typeof(Operator).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Operator)) && !type.IsAbstract);
        IEnumerable<Type> covered = GradientCases.All.Select(item => item.Operator);
        Assert.Empty(operators.Except(covered).Select(type => type.Name));
    }

    private static float[] Cotangent(GradientCases.Case item)
    {
        float[] values = new float[item.Apply(item.Inputs).Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = MathF.Sin(1 + (2.3f * i));
        return values;
    }

    private static double[] CentralDifferences(GradientCases.Case item, Tensor input, float[] cotangent)
    {
        const float step = 1f / 128;
        double[] differences = new double[input.Count];
        for (int i = 0; i < differences.Length; i++)
        {
            float value = input.AsSpan<float>()[i];
            double Loss(float shifted)
            {
                input.AsSpan<float>()[i] = shifted;
                float[] y = item.Apply(item.Inputs).ToArray();
                return y.Select((element, j) => (double)element * cotangent[j]).Sum();
            }

            // Fourth-order differences: the step may be large enough for float32 noise to vanish.
            differences[i] = ((8 * (Loss(value + step) - Loss(value - step))) - (Loss(value + (2 * step)) - Loss(value - (2 * step)))) / (12 * step);
            input.AsSpan<float>()[i] = value;
        }

        return differences;
    }
}

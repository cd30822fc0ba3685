using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Training.Tests.Optimization;

/// <summary>Parameters with given values and gradients.</summary>
internal static class GivenParameter
{
    public static Parameter From(RecipeFixture reference, string name) => Of(reference.Floats($"in.{name}"), reference.ShapeOf($"in.{name}"));

    public static Parameter Of(float[] values, Shape? shape = null)
    {
        var parameter = new Parameter(shape ?? [values.Length], Initializer.Zeros);
        values.CopyTo(parameter.AsSpan<float>());
        return parameter;
    }

    // The gradient of Σ p·g is g.
    public static void SetGradient(Parameter parameter, float[] gradient, double factor = 1)
    {
        parameter.ZeroGrad();
        using var tape = Tape.Start();
        tape.Backward((parameter * Tensor.From(gradient, parameter.Shape)).Sum() * (float)factor);
    }

    public static void AssertClose(ReadOnlySpan<double> expected, Tensor actual, double tolerance)
    {
        float[] values = actual.ToArray();
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(expected[i], values[i], tolerance);
    }
}

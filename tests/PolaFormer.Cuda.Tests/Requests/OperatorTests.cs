using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Tests.Ops;

namespace PolaFormer.Cuda.Tests.Requests;

/// <summary>That operators and their gradients on the kernels are the processor's.</summary>
public class OperatorTests
{
    public static TheoryData<string, int> Cases => [.. GradientCases.All.SelectMany(item => new[] { 0, 1 }.Select(order => (item.Name, order)))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Results_and_gradients_are_the_processors(string name, int order)
    {
        GradientCases.Case item = GradientCases.All.Single(other => other.Name == name);
        (float[] Y, float[][] Gradients) expected = Run(item, Device.Cpu), actual = Run(item, FibreDevice.Create((uint)order));

        AssertClose(expected.Y, actual.Y, $"{name}, result");
        for (int i = 0; i < expected.Gradients.Length; i++)
            AssertClose(expected.Gradients[i], actual.Gradients[i], $"{name}, gradient {i}");
    }

    public static TheoryData<string> Names => [.. GradientCases.All.Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Inputs_stored_in_bfloat16_are_as_good_as_floats_of_the_same_values(string name)
    {
        GradientCases.Case item = GradientCases.All.Single(other => other.Name == name);
        (float[] Y, float[][] Gradients) expected = Run(item, Mixed(), rounded: true), actual = Run(item, Mixed(), rounded: true, DType.BFloat16);

        // Results that have the type of their operands are rounded once.
        AssertClose(expected.Y, actual.Y, $"{name}, result", 4e-3);
        for (int i = 0; i < expected.Gradients.Length; i++)
            AssertClose(expected.Gradients[i], actual.Gradients[i], $"{name}, gradient {i}", 2e-2);

        static CudaDevice Mixed()
        {
            CudaDevice device = FibreDevice.Create(order: 0);
            device.IsMixedPrecision = true;
            return device;
        }
    }

    private static (float[] Y, float[][] Gradients) Run(GradientCases.Case item, Device device, bool rounded = false, DType type = DType.Float32)
    {
        using IDisposable use = device.Use();
        Tensor[] inputs = [.. item.Inputs.Select(input => Tensor.From(input.ToArray(), input.Shape, device))];
        if (rounded)
            inputs = [.. inputs.Select(input => input.To(DType.BFloat16).To(type))];
        foreach (Tensor input in inputs)
            input.RequiresGrad = true;
        using var tape = Tape.Start();
        Tensor y = item.Apply(inputs);
        tape.Backward(y, Tensor.From([.. Enumerable.Range(0, (int)y.Count).Select(i => MathF.Sin(1 + (2.3f * i)))], y.Shape, device));
        return (y.ToArray(), [.. inputs.Select(input => input.Grad!.ToArray())]);
    }

    private static void AssertClose(float[] expected, float[] actual, string what, double tolerance = 1e-5) =>
        Distance.AssertWithin(tolerance, [.. expected.Select(value => (double)value)], [.. actual.Select(value => (double)value)], what);
}

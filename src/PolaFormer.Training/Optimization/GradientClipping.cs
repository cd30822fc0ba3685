using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training.Optimization;

/// <summary>Limits on gradients. Their global norm is the length of all of them as one vector.</summary>
public static class GradientClipping
{
    /// <summary>The norm; parameters without a gradient count nothing.</summary>
    public static double Norm(IEnumerable<Parameter> parameters)
    {
        using var scope = MemoryScope.Enter();
        return Read(MultiTensor.Norm(GradientsOf(parameters)));
    }

    /// <summary>Scales the gradients by min(1, max / (norm + 10⁻⁶)), as torch's clip_grad_norm_.</summary>
    /// <returns>The norm before.</returns>
    public static double ByNorm(IEnumerable<Parameter> parameters, double max)
    {
        using var scope = MemoryScope.Enter();
        IReadOnlyList<Tensor> gradients = GradientsOf(parameters);
        Tensor norm = MultiTensor.Norm(gradients);
        MultiTensor.ClipByNorm(gradients, norm, max);
        return Read(norm);
    }

    /// <summary>Cuts every element to [−max, max], as torch's clip_grad_value_.</summary>
    public static void ByValue(IEnumerable<Parameter> parameters, double max) => MultiTensor.ClipByValue(GradientsOf(parameters), max);

    /// <summary>The gradients of the parameters that have one.</summary>
    internal static IReadOnlyList<Tensor> GradientsOf(IEnumerable<Parameter> parameters)
    {
        var gradients = new List<Tensor>();
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Grad is { } gradient)
                gradients.Add(gradient);
        }

        return gradients;
    }

    /// <summary>A norm from its device.</summary>
    internal static double Read(Tensor norm) => norm.ToArray<double>()[0];
}

using PolaFormer.Models;
using PolaFormer.NN;

namespace PolaFormer.Training.Optimization;

/// <summary>Parameters that share a weight decay and a factor on the learning rate.</summary>
/// <param name="Parameters">Names and tensors in state-dict order.</param>
/// <param name="WeightDecay">Decoupled decay, relative to the learning rate.</param>
/// <param name="LearningRateScale">Factor on the learning rate.</param>
public sealed record ParameterGroup(IReadOnlyList<(string Name, Parameter Parameter)> Parameters, double WeightDecay, double LearningRateScale = 1)
{
    /// <summary>
    /// The groups of the authors' optimizer.py: what decays, and rank-1 tensors, biases and what its module
    /// exempts, which do not. Where layers have rates of their own, each has these two. Parameters without gradients are left out.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="weightDecay">Of the groups that decay.</param>
    /// <param name="layerDecay">Layer-wise decay of the learning rate, in (0, 1]; 1 for one rate everywhere.</param>
    public static IReadOnlyList<ParameterGroup> Split(VisionModel model, double weightDecay, double layerDecay = 1)
    {
        var layers = new LayerDecay(model, layerDecay);
        return Split(model, weightDecay, layers.ScaleOf);
    }

    /// <summary>The groups of any network, by the same rule.</summary>
    /// <param name="model">The network.</param>
    /// <param name="weightDecay">Of the groups that decay.</param>
    /// <param name="scaleOf">Factor on the learning rate of a parameter by its name; null for one rate everywhere.</param>
    public static IReadOnlyList<ParameterGroup> Split(Module model, double weightDecay, Func<string, double>? scaleOf = null)
    {
        scaleOf ??= _ => 1;
        (string Name, Parameter Parameter)[] all = [.. model.NamedParameters()];
        HashSet<string> spared = [.. model.State().Where(entry => entry.Traits.HasFlag(StateTraits.NoDecay)).Select(entry => entry.Name)];
        return [.. from scale in all.Select(entry => scaleOf(entry.Name)).Distinct()
                   from decays in new[] { true, false }
                   select new ParameterGroup(
                       [.. all.Where(entry => entry.Parameter.RequiresGrad && scaleOf(entry.Name) == scale && (Decays(entry.Name, entry.Parameter) && !spared.Contains(entry.Name)) == decays)],
                       decays ? weightDecay : 0, scale)];
    }

    private static bool Decays(string name, Parameter parameter) => parameter.Rank != 1 && !name.EndsWith(".bias", StringComparison.Ordinal);
}
